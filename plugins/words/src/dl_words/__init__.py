"""Small text tasks on words and phrases: which language they are in, and how people rate their feeling."""
