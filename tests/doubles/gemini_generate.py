"""Google Gemini's `streamGenerateContent`, checked against the google-genai package's types.

Source: the package's `types` (3.6) and the vendor's pages on function calling and thought signatures, read
2026-11.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from google.genai import types
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, event_stream, json_answer
from tests.doubles.language_model import KEY, Asked, Called, Scripted, Thought, Tokens, Turn

PREFIX, SUFFIX = "/v1/models/", ":streamGenerateContent"
SIGNATURE = b"\x01signed-by-the-vendor\xff"
SKIP = b"skip_thought_signature_validator"  # For calls another model made.
KNOWN = {"contents", "systemInstruction", "tools", "generationConfig", "toolConfig"}


class GeminiGenerate:
    """A `Dialect`."""

    def asked(self, request: HttpRequest) -> Asked:
        assert request.path.startswith(PREFIX) and request.path.endswith(SUFFIX), request.path
        assert request.query.get("alt") == "sse", "not asked for events"
        assert request.headers.get("x-goog-api-key") == KEY, "no key, or another"
        body = request.json
        assert body.keys() <= KNOWN, body.keys() - KNOWN
        types.GenerationConfig.model_validate(body.get("generationConfig", {}))
        system = types.Content.model_validate(body.get("systemInstruction", {"parts": []}))
        contents = [types.Content.model_validate(content) for content in body["contents"]]
        tools = [types.Tool.model_validate(tool) for tool in body.get("tools", [])]
        return Asked(
            model=request.path.removeprefix(PREFIX).removesuffix(SUFFIX),
            system="\n".join(part.text or "" for part in system.parts or ()),
            turns=tuple(_turns(contents)),
            tools=dict(_declared(tool) for group in tools for tool in group.function_declarations or ()),
        )

    def answer(self, asked: Asked, scripted: Scripted) -> HttpAnswer:
        pieces = [_line(response) for response in _responses(scripted)]
        return event_stream(pieces, stall_after=scripted.stall_after)

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        match fault:
            case Fault.RATE_LIMIT:
                detail = {
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": f"{faulty.retry_after_s}s",
                }
                return _error(429, "RESOURCE_EXHAUSTED", [detail])
            case Fault.AUTH:
                detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
                return _error(400, "INVALID_ARGUMENT", [detail])
            case Fault.CLOSE_CODE:
                return _error(503, "UNAVAILABLE")
            case _:
                return self.answer(Asked(model="", system="", turns=(), tools={}), Scripted())

    def malformed(self) -> bytes:
        return b'data: {"candidates": [\n\n'


def _error(status: int, name: str, details: list[dict[str, str]] | None = None) -> HttpAnswer:
    error = {"code": status, "message": "no", "status": name, "details": details or []}
    return json_answer(status, {"error": error})


def _line(response: types.GenerateContentResponse) -> bytes:
    body = json.loads(response.model_dump_json(by_alias=True, exclude_none=True, warnings=False))
    return f"data: {json.dumps(body)}\r\n\r\n".encode()


def _responses(scripted: Scripted) -> Iterator[types.GenerateContentResponse]:
    """Usage comes with every piece; the output tokens grow."""
    parts = [_part(part) for part in scripted.parts]
    for part in [part for part in parts if part.function_call][1:]:
        part.thought_signature = None  # Of calls made together only the first is signed.
    for number, part in enumerate(parts, start=1):
        tokens = _usage(scripted.tokens, output=min(number, scripted.tokens.output))
        yield _response([part], tokens)
    if not scripted.unfinished:
        finish = types.FinishReason.MAX_TOKENS if scripted.length else types.FinishReason.STOP
        closing = [types.Part(text="")]
        yield _response(closing, _usage(scripted.tokens, output=scripted.tokens.output), finish)


def _response(
    parts: list[types.Part],
    usage: types.GenerateContentResponseUsageMetadata,
    finish: types.FinishReason | None = None,
) -> types.GenerateContentResponse:
    content = types.Content(role="model", parts=parts)
    candidate = types.Candidate(content=content, finish_reason=finish, index=0)
    return types.GenerateContentResponse(
        candidates=[candidate], usage_metadata=usage, model_version="gemini", response_id="r"
    )


def _usage(tokens: Tokens, *, output: int) -> types.GenerateContentResponseUsageMetadata:
    thoughts = min(4, output - 1) if output > 1 else 0
    return types.GenerateContentResponseUsageMetadata(
        prompt_token_count=tokens.prompt,
        cached_content_token_count=tokens.cached,
        candidates_token_count=output - thoughts,
        thoughts_token_count=thoughts or None,
        total_token_count=tokens.prompt + output,
    )


def _part(part: str | Called | Thought) -> types.Part:
    match part:
        case str():
            return types.Part(text=part)
        case Thought():
            return types.Part(text=part.text, thought=True)
        case Called():
            try:
                arguments = json.loads(part.arguments)
            except ValueError:
                arguments = part.arguments  # Not even an object: what a broken server would send.
            call = types.FunctionCall.model_construct(name=part.name, args=arguments)
            return types.Part.model_construct(function_call=call, thought_signature=SIGNATURE)


def _declared(declaration: types.FunctionDeclaration) -> tuple[str, Any]:
    assert declaration.name and declaration.description
    assert declaration.parameters is None, "JSON schema is sent as JSON schema"
    return declaration.name, declaration.parameters_json_schema


def _turns(contents: list[types.Content]) -> Iterator[Turn]:
    assert contents[0].role == "user", "a conversation begins with the user"
    assert contents[-1].role == "user", "the model's turn comes after ours"
    pending: list[str] = []
    for content in contents:
        parts = content.parts or []
        assert parts, "empty content"
        results = [part.function_response for part in parts if part.function_response]
        assert [result.name for result in results] == pending, f"{pending} answered by {results}"
        for result in results:
            assert isinstance(result.response, dict)
            yield Turn(role="tool", text=json.dumps(result.response), answers=result.name or "")
        calls = [part for part in parts if part.function_call]
        pending = [part.function_call.name or "" for part in calls if part.function_call]
        if calls:
            assert calls[0].thought_signature in {SIGNATURE, SKIP}, "missing thought_signature"
        if len(results) == len(parts):
            continue
        yield Turn(
            role="assistant" if content.role == "model" else "user",
            text="".join(part.text or "" for part in parts),
            calls=tuple(
                (part.function_call.name or "", part.function_call.args or {})
                for part in calls
                if part.function_call
            ),
            returned=base64.b64encode(calls[0].thought_signature or b"").decode() if calls else "",
        )
    assert not pending, "a call without its result"
