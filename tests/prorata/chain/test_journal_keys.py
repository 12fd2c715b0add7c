"""The keys of steps stay what they are: a journal that somebody has must be understood for ever."""

from __future__ import annotations

import pytest

from prorata.toolchain.paths import PROJECT_ROOT

KEYS = (
    "action/{plan.id}/in-lieu/{line.holder}",
    "action/{plan.id}/mint",
    "action/{plan.id}/share/{line.holder}",
    "agents/add/{contract.address}/{agent}",
    "agents/remove/{contract.address}/{agent}",
    "approve-money/{currency.address}/{account}/{spender}/{amount}",
    "approve-shares/{account}/{spender}/{amount}",
    "approve/{key}/{attempt}/{number}",
    "cancel-below/{contract.address}/{account}/{nonce}",
    "cancel-orders/{contract.address}/{account}/{named}",
    "cancel/{relayer.address}/{instruction.claimant}/{instruction.nonce}",
    "declare/{declaration.record_id}/",
    "deploy/Dollar/mint",
    "deploy/registry/{name}",
    "deploy/{name}",
    "documents/remove/{named.hex()}",
    "documents/set/{digest}",
    "exchange/agent/{token.address}/{contract.address}",
    "exchange/approve/{money.address}/{operator.address}",
    "exchange/cancel-request/{contract.address}/{operator.address}/{nonce}",
    "exchange/cancel/{contract.address}/{exchange_id}",
    "exchange/carry-out/{run.id}/{attempt}/{number}",
    "exchange/close/{contract.address}/{exchange_id}",
    "exchange/drain/{exchange_id}",
    "exchange/end-hold/{contract.address}/{exchange_id}/{hold_id.hex()}",
    "exchange/end-kept/{whose}",
    "exchange/for/{sha256(signed.digest).hexdigest()[:16]}",
    "exchange/fund/{exchange_id}",
    "exchange/now/{sha256(said.encode()).hexdigest()[:16]}",
    "exchange/open/{sha256(said.encode()).hexdigest()[:16]}",
    "exchange/price/{contract.address}/{exchange_id}/{price}/{as_of}",
    "exchange/sweep/{contract.address}/{exchange_id}",
    "exchange/take/{contract.address}/{exchange_id}/{holder}",
    "fill/{sha256(said.encode()).hexdigest()[:16]}",
    "hold/{verb}/{sha256(said.encode()).hexdigest()[:16]}",
    "instruction/{signed.digest.hex()}",
    "issue/{name}/{batch_size}",
    "market/{singleton_address(name)}",
    "order/{self.what}/",
    "ownership/accept/{contract.address}/{account}",
    "ownership/offer/{contract.address}/{to}",
    "pass/{contract.address}",
    "payee/{account}/{payee}",
    "post/{signed.digest.hex()[:16]}",
    "push/{distribution_id}/{attempt}/{number}",
    "record/{closes_at}",
    "registry/bind/{registry.address}/{token}",
    "registry/change/{registry}",
    "registry/count/{token.compliance()}/{times}/{digest}/{number}",
    "registry/remove/{registry.address}/{wallet}",
    "registry/unbind/{registry.address}/{token}",
    "register/{attempt}/{number}",
    "register/{contract.address}",
    "remit/{distribution_id}/{attempt}",
    "rules/{address}",
    "settings/{self.what}/{self.value}",
    "stream/{digest}",
    "sweep/{distribution_id}",
    "tax/certify/{policy.address}",
    "tax/note/{policy.address}",
    "tax/rates/{policy.address}",
    "tax/repay/{self.distribution.id}/{self.entry.holder}/{self.due}",
    "tax/revoke/{policy.address}/{holder}/{number}",
    "transfer/{sha256(said.encode()).hexdigest()[:16]}",
)
"""How each is written in the code. A new name for a thing is no reason for a new key."""

SOURCES = "".join(p.read_text(encoding="utf-8") for p in (PROJECT_ROOT / "prorata").rglob("*.py"))


@pytest.mark.parametrize("key", KEYS)
def test_a_step_is_called_what_journals_call_it(key):
    assert f'"{key}' in SOURCES
