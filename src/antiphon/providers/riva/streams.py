"""A connection to Riva, on the stubs of NVIDIA's own client."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from antiphon.errors import ProviderError
from antiphon.providers.grpc_failures import from_status
from antiphon.providers.listening import Asked
from antiphon.providers.listening.utterances import done
from antiphon.providers.riva import wire

_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),  # A connection a call: one that breaks takes no other with it.
    ("grpc.enable_retries", 0),  # What was said is said again by the stream above.
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RivaPlace:
    """Where a server is ("host:port"), and how it is spoken to.

    Attributes:
        ca_file: PEM of who vouches for the server; whom gRPC trusts anyway where empty.
        metadata: Goes with every call.
    """

    address: str
    secure: bool
    ca_file: str
    metadata: tuple[tuple[str, str], ...]


class RivaCalls:
    """`UtteranceCalls` on `StreamingRecognize`. A stream that rests is not cut off, and each may boost other
    terms; one goes on after a turn that the server ended."""

    name = wire.NAME
    stream_max_ms = 0
    turn_a_stream = False

    def __init__(self, place: RivaPlace, said: wire.Settings) -> None:
        auth = import_module("riva.client.auth")
        self._messages: Any = import_module("riva.client.proto.riva_asr_pb2")
        self.errors: tuple[Any, ...] = (import_module("grpc.aio").AioRpcError,)
        self._metadata, self._said = place.metadata, said
        self._channel = auth.create_channel(
            uri=place.address,
            use_ssl=place.secure,
            ssl_root_cert=place.ca_file if place.secure and place.ca_file else None,
            options=list(_OPTIONS),
            use_aio=True,
        )
        service = import_module("riva.client.proto.riva_asr_pb2_grpc")
        self._stub = service.RivaSpeechRecognitionStub(self._channel)

    async def check(self) -> None:
        """Find out before anybody speaks whether somebody answers and takes the key.

        Raises:
            ProviderUnavailable, ProviderRejected.
        """
        request = self._messages.RivaSpeechRecognitionConfigRequest(model_name=self._said.model)
        asked = self._stub.GetRivaSpeechRecognitionConfig
        # Older servers do not know the question.
        await done(self, asked(request, metadata=self._metadata), allowed="UNIMPLEMENTED")

    async def listen(self) -> Any:
        return self._stub.StreamingRecognize(metadata=self._metadata)

    def opening(self, asked: Asked) -> Any:
        config = wire.streaming_config(self._messages, asked, self._said)
        return self._messages.StreamingRecognizeRequest(streaming_config=config)

    def audio(self, pcm: bytes) -> Any:
        return self._messages.StreamingRecognizeRequest(audio_content=pcm)

    def words(self, asked: Asked, from_ms: int) -> wire.Utterances:
        return wire.Utterances(from_ms, vendor_ends=asked.provider_turns)

    def failure(self, error: Any) -> ProviderError:
        return from_status(wire.NAME, error.code().name, error.trailing_metadata())

    async def aclose(self) -> None:
        await self._channel.close()
