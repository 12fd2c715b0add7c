# SPDX-License-Identifier: MIT
"""Who is signed in: the wallet behind a cookie, as long as nobody has taken its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy import Connection, Select, select

from prorata.contracts.share_token import ShareToken
from prorata.errors import InputError
from prorata.service.deployed import Deployed
from prorata.service.problems import Refused
from prorata.service.sign_in.message import MESSAGE_SECONDS, Site, check_signature
from prorata.service.workers import Workers
from prorata.store import schema
from prorata.store.office import Office
from prorata.store.office_sign_in import (
    SESSION_SECONDS,
    begin_session,
    end_session,
    end_sessions_of,
    find_session,
    new_nonce,
    spend_nonce,
)
from prorata.values.addresses import parse_address

__all__ = ["MaybeSignedIn", "SignIn", "SignedIn", "Visitor", "check_origin", "lost_wallet",
           "predecessors"]  # fmt: skip


@dataclass(frozen=True)
class Visitor:
    """A wallet that is signed in, and how it is found in the ledger."""

    address: str
    chain_id: int


class SignIn:
    """Sign-in at one site, kept in one tenant's office."""

    def __init__(self, site: Site, office: Office, deployed: Deployed, workers: Workers) -> None:
        self.site = site
        self.office = office
        self.deployed = deployed
        self.workers = workers

    @property
    def cookie(self) -> str:
        """Its name: browsers take `__Host-` from this host over https only."""
        return "__Host-session" if self.site.secure else "session"

    async def message(self, address: str) -> str:
        """A message for an account to sign, with a nonce that is good for five minutes.

        Raises: InputError for no address; StoreError.
        """
        account = parse_address(address, "address")
        nonce = await self.workers.do(lambda: new_nonce(self.office, seconds=MESSAGE_SECONDS))
        return self.site.write(account, nonce, int(self.office.clock()))

    async def begin(self, text: str, signature: str) -> str:
        """Begin a session of whoever has signed a message of ours; its token.

        Raises: InputError when it is not ours, was used, or is not signed by whom it names;
        StoreError, ChainError.
        """
        return await self.deployed.workers.do(lambda: self._begin(text, signature))

    def _begin(self, text: str, signature: str) -> str:
        asked = self.site.read(text, int(self.office.clock()))
        remedy = "ask for a new message and sign that"
        # Spent before the signature is looked at: each nonce is good for one attempt.
        if not spend_nonce(self.office, asked.nonce):
            raise InputError.of("nonce", asked.nonce, "was not given here, or was used", remedy)
        chain = self.deployed.node()
        check_signature(text, asked, signature, chain)
        successor = self._successor(asked.address)
        if successor is not None:
            rule = f"was lost and recovered: {successor} has its place"
            raise InputError.of("address", asked.address, rule, "sign in with that one")
        return begin_session(self.office, self.site.chain_id, asked.address)

    def _successor(self, address: str) -> str | None:
        """Who has a wallet's place at any of the tokens, as the chain says now."""
        chain = self.deployed.node()
        for token in self.deployed.folders:
            found = ShareToken(chain, token).successor_of(address)
            if found != address:
                return found
        return None

    async def find(self, token: str | None) -> Visitor | None:
        """Who has a session of that token.

        Raises: StoreError.
        """
        if not token or len(token) > 100:
            return None
        found = await self.workers.do(lambda: find_session(self.office, token))
        if found is None or found.chain_id != self.site.chain_id:
            return None
        return Visitor(found.address, found.chain_id)

    async def end(self, token: str | None) -> None:
        """End the session of a token, if there is one.

        Raises: StoreError.
        """
        if token:
            await self.workers.do(lambda: end_session(self.office, token))

    async def end_lost(self, visitor: Visitor) -> None:
        """End all sessions of a wallet that was lost.

        Raises: StoreError.
        """
        lost = [visitor.address]
        await self.workers.do(lambda: end_sessions_of(self.office, visitor.chain_id, lost))

    def set_cookie(self, answer: Response, token: str) -> None:
        """Have the browser keep the token, out of reach of scripts and of other sites."""
        answer.set_cookie(
            self.cookie, token, max_age=SESSION_SECONDS, path="/", secure=self.site.secure,
            httponly=True, samesite="strict",
        )  # fmt: skip

    def drop_cookie(self, answer: Response) -> None:
        """Have the browser forget it."""
        answer.delete_cookie(
            self.cookie, path="/", secure=self.site.secure, httponly=True, samesite="strict"
        )


def lost_wallet(connection: Connection, visitor: Visitor) -> bool:
    """Whether somebody has a wallet's place at a token of its chain, as the ledger has it."""
    wanted = _successions(visitor).where(schema.succession.c.lost == schema.account.c.id).limit(1)
    return connection.execute(wanted).first() is not None


def predecessors(connection: Connection, visitor: Visitor, asset: int) -> list[str]:
    """The lost wallets whose place a wallet has at an asset, however long the row of them is."""
    lost, successor = schema.account.alias(), schema.account.alias()
    found, wanted = [], [visitor.address]
    while wanted:
        asked = (
            select(lost.c.address)
            .select_from(schema.succession)
            .join(lost, lost.c.id == schema.succession.c.lost)
            .join(successor, successor.c.id == schema.succession.c.successor)
            .where(schema.succession.c.asset == asset, successor.c.address.in_(wanted))
            .order_by(lost.c.id)
        )
        wanted = [one for one in connection.execute(asked).scalars() if one not in found]
        found += wanted
    return found


def _successions(visitor: Visitor) -> Select[Any]:
    return (
        select(schema.succession.c.block)
        .join(schema.asset, schema.asset.c.id == schema.succession.c.asset)
        .join(schema.chain, schema.chain.c.id == schema.asset.c.chain)
        .join(schema.account, schema.account.c.chain == schema.chain.c.id)
        .where(
            schema.chain.c.chain_id == visitor.chain_id,
            schema.account.c.address == visitor.address,
        )
    )


# ------------------------------------------------------------------------------------ of requests


async def _found(request: Request) -> Visitor | None:
    sign_in: SignIn = request.app.state.sign_in
    visitor = await sign_in.find(request.cookies.get(sign_in.cookie))
    if visitor is None:
        return None
    lost = await request.app.state.service.reader.ask(
        lambda connection: lost_wallet(connection, visitor)
    )
    if lost:
        await sign_in.end_lost(visitor)
        return None
    return visitor


async def _required(request: Request) -> Visitor:
    visitor = await _found(request)
    if visitor is None:
        raise Refused("no-key", "nobody is signed in", "sign in at /sign-in")
    return visitor


def check_origin(request: Request) -> None:
    """Whether a browser sends this from our own pages.

    Raises: Refused when it does not say so.
    """
    ours = request.app.state.sign_in.site.origin
    given = request.headers.get("origin")
    if given != ours:
        sentence = f"this was sent from {given or 'nowhere'}, and not from {ours}"
        raise Refused("foreign-origin", sentence, f"open the page at {ours} and send it from there")


MaybeSignedIn = Annotated[Visitor | None, Depends(_found)]
SignedIn = Annotated[Visitor, Depends(_required)]
