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
    "call/accept/{call.short}",
    "call/approve/{call.contract.address}/{money.address}/{operator.address}",
    "call/approve/{contract.address}/{money.address}/{operator.address}",
    "call/bring/{signed.digest.hex()[:16]}",
    "call/cancel-nonce/{call.contract.address}/{operator.address}/{nonce}",
    "call/cancel/{call.short}",
    "call/close/{call.short}",
    "call/deliver/{call.short}",
    "call/entitle/{call.short}/{attempt + number}",
    "call/fail/{call.short}",
    "call/open/{call.hex()[:16]}",
    "call/pay-principal/{call.short}",
    "call/place/{call.short}/{sha256(said.encode()).hexdigest()[:16]}",
    "call/refund/{call.short}/{attempt + number}",
    "call/return/{call.short}/{number}/{lots}/{reference}",
    "call/settle/{call.short}/{attempt + number}",
    "call/sweep/{call.short}",
    "call/take/{call.short}/{account}",
    "call/withdraw/{call.short}/{number}",
    "call/{verb}/{call.short}",
    "cancel-below/{contract.address}/{account}/{nonce}",
    "cancel-orders/{contract.address}/{account}/{named}",
    "cancel/{relayer.address}/{instruction.claimant}/{instruction.nonce}",
    "declare/{declaration.record_id}/",
    "deploy/Dollar/mint",
    "deploy/registry/{name}",
    "deploy/{name}",
    "documents/remove/{named.hex()}",
    "documents/set/{digest}",
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
