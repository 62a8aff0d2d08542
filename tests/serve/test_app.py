import asyncio

from dl.plugins.loading import load_plugins
from dl_serve.app import build
from dl_serve.service import Service
from dl_serve.settings import Limits, Settings, parse_runs


def test_a_request_beyond_the_queue_gets_503_and_is_told_when_to_try_again(served_runs):
    settings = Settings(parse_runs(["images=1"]), served_runs, limits=Limits(waiting=1))
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    async def ask():
        service = Service(settings, load_plugins())
        service.enter()
        headers = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "query_string": b""}
        await build(service)(scope, receive, send)
        await service.close()

    asyncio.run(ask())
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_a_card_is_given_as_json_markdown_or_a_page_and_in_no_other_form(service):
    client, _ = service
    found = client.get("/v1/runs/images/card").json()
    assert found["name"] == "images" and "Recall of each class" in [one["title"] for one in found["sections"]]
    plain = client.get("/v1/runs/images/card", params={"as": "markdown"})
    assert plain.text == found["markdown"] and plain.headers["content-type"].startswith("text/markdown")
    page = client.get("/v1/runs/images/card", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert "<h2>Trained on</h2>" in page.text and "script-src 'none'" in page.headers["content-security-policy"]
    wrong = client.get("/v1/runs/images/card", params={"as": "pdf"})
    assert (wrong.status_code, wrong.json()["error"]) == (
        400,
        "a card as 'pdf'; choose one of markdown, html, json",
    )
    assert client.get("/v1/runs/other/card").status_code == 404


def test_pages_are_there_and_runs_tell_what_they_read(service):
    client, _ = service
    assert 'id="drop"' in client.get("/").text and "POST /v1/predict" in client.get("/docs").text
    images, sizes = client.get("/v1/runs").json()["runs"]
    assert images["probabilities"] and sizes["reads"]["rows"] and not images["reads"]["rows"]
    described = client.get("/openapi.json").json()["paths"]
    assert {*described["/v1/runs/{name}/card"]["get"]["responses"]} == {"200", "400", "404"}


def test_an_answer_comes_with_its_uncertainty(service):
    client, _ = service
    answer = client.post("/v1/predict", json={"inputs": [[[250] * 8] * 8]}).json()
    one = answer["predictions"][0]["uncertainty"]
    assert one["kind"] == "right" and one["low"] <= one["share"] <= one["high"] and "no_uncertainty" not in answer
