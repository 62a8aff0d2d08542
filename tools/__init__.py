"""What makes and checks the documents.

python -m tools.pages     run what every page shows, and write the output it shows anew
python -m tools.arrows    write the block of arrows in docs/architecture.md anew
"""
