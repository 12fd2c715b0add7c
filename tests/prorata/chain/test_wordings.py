"""What providers say when they are asked for too much: each wording with what it means."""

from __future__ import annotations

import pytest

from prorata.chain.transports.wordings import (
    RangeOffer,
    batch_limit,
    is_ahead_of_node,
    is_of_batch,
    is_unknown_here,
    offered_range,
    text_of,
)

LIMITS = {
    "requested too many blocks from 1 to 10001, maximum is set to 2048": 2048,
    "Invalid block range. Max range: 800": 800,
    "Maximum allowed number of requested blocks is 1000": 1000,
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range "
    "and no limit on the response size": 2000,
    "eth_getLogs is limited to a 10,000 range": 10_000,
    "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range": 10_000,
    "limited to a 2000 blocks range": 2000,
    "eth_getLogs is limited to 1024 block range. Please check the parameter requirements": 1024,
    "eth_getLogs is limited to 0 - 10000 blocks range": 10_000,
    "block range is too wide (maximum 1024)": 1024,
    "exceeds the range allowed for your plan (5000 > 500)": 500,
    "please limit the query to at most 1.000 blocks": 1000,
    "exceed maximum block range: 50000": 50_000,
    "query exceeds max block range 1000": 1000,
    "block range greater than 1000 max": 1000,
    "block range exceeds 1000": 1000,
    "eth_getLogs range is too large, max is 10k blocks": 10_000,
    "query must be smaller than size 1024": 1024,
    "up to a 2000 block range": 2000,
    "You can use a range of up to 500 blocks": 500,
    "maximum [from, to] blocks distance: 1000": 1000,
    "range 1000000 exceeds limit of 10000": 10_000,
    "block range is larger than max block range, block range = 5120, max block range = 5000": 5000,
    "query returned more than 3 blocks": 3,
    "ranges over 10000 blocks are not supported on freetier": 10_000,
}


@pytest.mark.parametrize(("said", "blocks"), LIMITS.items())
def test_a_limit_in_blocks_is_understood(said, blocks):
    assert offered_range(said, 7) == RangeOffer(blocks, always=True)


SIZED = "Based on your parameters and the response size limit, this block range should work: "
PROPOSALS = (
    "query returned more than 10000 results. Try with this block range [0x10, 0x1f].",
    f"You can make eth_getLogs requests with up to a 2K block range. {SIZED}[0x10, 0x1f]",
    f"Query timeout exceeded. Consider reducing your block range. {SIZED}[0x0, 0x1f]",
)


@pytest.mark.parametrize("said", PROPOSALS)
def test_a_proposed_range_counts_from_the_block_that_was_asked_for(said):
    assert offered_range(said, 16) == RangeOffer(16, always=False)


def test_a_proposal_of_other_blocks_says_nothing():
    assert offered_range("Try with this block range [0x10, 0x1f]", 32) is None


@pytest.mark.parametrize(
    "said",
    [
        "query returned more than 10000 results",
        "query exceeds max results 20000",
        "query exceeds max results 20000, retry with the range 100-200",
        "backend response too large",
        "logs matched by query exceeds limit of 10000",
        "response size should not greater than 10000000 bytes",
        "block range too large",
        "Block range limit exceeded.",
        "limited to a 0 blocks range",
    ],
)
def test_a_limit_that_is_not_in_blocks_offers_none(said):
    assert offered_range(said, 0) is None


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("batch too large", None),
        ("Batch size is too large", None),
        ("batch request too large", None),
        ("batch limit 100 exceeded: 142 requests given", 100),
        ("Number of requests in batch exceeds --rpc-max-batch-size.", None),
        ("The batch request was too large Exceeded max limit of 50", 50),
        ("Batch of more than 3 requests are not allowed on free tier", 3),
        ('Too many ["eth_getLogs"] methods in the batch', None),
        ("Exceeded maximum batch size 1000", 1000),
        ("batch size exceeds limit of 20", 20),
        ("Too many requests in batch, max 20 calls per batch", 20),
        ("Maximum batch size is 10", 10),
        ("Batch requests are not supported", None),
        ("no batch", None),
        ("response too large", None),
    ],
)
def test_a_refusal_of_a_batch_for_its_length_is_understood(said, most):
    assert (is_of_batch(said), batch_limit(said)) == (True, most)


@pytest.mark.parametrize(
    "said",
    [
        "Too Many Requests",
        "daily request count exceeded, request rate limited",
        "Your app has exceeded its compute units per second capacity",
        "execution reverted: TooMany in the batch",
        "backend response too large",
        "limit 100 exceeded",
    ],
)
def test_other_refusals_are_of_no_batch(said):
    assert (is_of_batch(said), batch_limit(said)) == (False, None)


def test_a_range_past_the_head_is_told_from_one_that_is_too_wide():
    ahead = "block range extends beyond current head block: requested 1009, head 1006"
    assert is_ahead_of_node(ahead)
    assert is_unknown_here(ahead)
    assert not any(is_ahead_of_node(said) for said in LIMITS)


def test_what_another_node_may_know_is_no_refusal_of_the_question():
    for said in ("missing trie node 0xab", "Method not found", "header not found", "pruned state"):
        assert is_unknown_here(said)
    for said in ("execution reverted", "nonce too low", "insufficient funds for gas", *LIMITS):
        assert not is_unknown_here(said)


def test_an_error_is_read_with_what_stands_beside_its_message():
    """Some put the number there."""
    failed = {"message": "The batch request was too large", "data": "Exceeded max limit of 50"}
    assert text_of(failed) == "The batch request was too large Exceeded max limit of 50"
    assert batch_limit(text_of(failed)) == 50
    assert (text_of("overloaded"), text_of(None), text_of({"data": {"from": 1}})) == (
        "overloaded",
        "",
        "",
    )
