"""X's two vocabularies and its error documents, as the fake renders them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from conformance.fake import Reply, Trouble

__all__ = ["FORBIDDEN", "GONE", "WITHHELD", "Words", "refusal_of", "words_of"]

GONE: Final = "gone"
WITHHELD: Final = "withheld"
FORBIDDEN: Final = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One vocabulary: what fields, parameters and the host of problem types are called."""

    host: str
    fields: str
    history: str
    references: str
    expand_references: str
    posts: str
    note: str
    shares: str
    count: str
    author_by_expansion: bool

    def problem(self, kind: str, resource: str, parameter: str, value: str) -> dict[str, Any]:
        """Return an entry of `errors` about a user or post that is gone, withheld or suspended."""
        told = {"value": value, "resource_id": value, "parameter": parameter, "resource_type": resource}
        match kind:
            case "gone":
                title, detail = "Not Found Error", f"Could not find {resource} with {parameter}: [{value}]."
                name = "resource-not-found"
            case "forbidden":
                title, detail = "Forbidden", f"User has been suspended: [{value}]."
                name = "resource-not-found"
            case _:
                title = "Authorization Error"
                detail = f"Sorry, you are not authorized to see the {resource} with {parameter}: [{value}]."
                name = "not-authorized-for-resource"
                told["section"] = "data"
        return {**told, "title": title, "detail": detail, "type": self.type_of(name)}

    def type_of(self, name: str) -> str:
        """Return the address that stands for a kind of problem."""
        return f"https://{self.host}/2/problems/{name}"

    def bad_request(self, parameter: str, value: str) -> Reply:
        """Return the 400 for a value that is not valid."""
        message = f"The `{parameter}` query parameter value [{value}] is not valid"
        return self._invalid(parameter, value, message)

    def unknown_parameter(self, parameter: str, value: str) -> Reply:
        """Return the 400 for a parameter of the other vocabulary."""
        message = (
            f"The query parameter [{parameter}] is not one of [id,max_results,pagination_token,{self.fields}]"
        )
        return self._invalid(parameter, value, message)

    def _invalid(self, parameter: str, value: str, message: str) -> Reply:
        body: dict[str, Any] = {
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": self.type_of("invalid-request"),
        }
        if self.author_by_expansion:
            body |= {"detail": message, "parameter": parameter, "value": value, "status": 400}
        else:
            body["errors"] = [{"parameters": {parameter: [value]}, "message": message}]
        return Reply(status=400, body=body)


_TWEET: Final = Words(
    host="api.twitter.com",
    fields="tweet.fields",
    history="edit_history_tweet_ids",
    references="referenced_tweets",
    expand_references="referenced_tweets.id",
    posts="tweets",
    note="note_tweet",
    shares="retweet_count",
    count="tweet_count",
    author_by_expansion=False,
)
_POST: Final = Words(
    host="api.x.com",
    fields="post.fields",
    history="edit_history_post_ids",
    references="referenced_posts",
    expand_references="referenced_posts",
    posts="posts",
    note="note_post",
    shares="repost_count",
    count="post_count",
    author_by_expansion=True,
)


def words_of(name: str) -> Words:
    """Return a vocabulary: "tweet" (2.166) or "post" (2.167)."""
    return _POST if name == "post" else _TWEET


def refusal_of(trouble: Trouble, words: Words, *, reset: int) -> Reply:  # noqa: PLR0911 - one a trouble
    """Return X's own document for a trouble; `reset` is when a rate limit is lifted, by its clock."""
    match trouble:
        case Trouble.EXPIRED | Trouble.REVOKED:
            return _plain(401, "Unauthorized")
        case Trouble.MISSING_PERMISSION:
            detail = (
                "Use keys and tokens from an App that is attached to a Project with this level of access."
            )
            body = {
                "client_id": "1",
                "title": "Client Forbidden",
                "detail": detail,
                "reason": "client-not-enrolled",
                "registration_url": "https://developer.x.com/en/docs/projects/overview",
                "type": words.type_of("client-forbidden"),
            }
            return Reply(status=403, body=body)
        case Trouble.SUSPENDED:
            detail = "Your account is suspended and is not permitted to access this feature."
            return _plain(403, "Forbidden", detail)
        case Trouble.RATE_LIMITED:
            reply = _plain(429, "Too Many Requests")
            reply.headers |= {
                "x-rate-limit-limit": "900",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": str(reset),
            }
            return reply
        case Trouble.QUOTA_SPENT:
            body = {
                "title": "UsageCapExceeded",
                "detail": "Usage cap exceeded: Monthly product cap",
                "period": "Monthly",
                "scope": "Product",
                "type": words.type_of("usage-capped"),
            }
            return Reply(status=429, body=body)
        case Trouble.NOT_FOUND:
            return _plain(404, "Not Found")
        case _:
            return _plain(503, "Service Unavailable")


def _plain(status: int, title: str, detail: str = "") -> Reply:
    body = {"title": title, "detail": detail or title, "status": status, "type": "about:blank"}
    return Reply(status=status, body=body)
