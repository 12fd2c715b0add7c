"""The one model that every suite compares the contracts with: plain exact integers, by name.

It is written from the law book (`docs/invariants.md`) and from what the interfaces promise. It
imports nothing of prorata and nothing that knows a chain, so that a fault there cannot hide here:
`test_independence.py` holds that.

    outcomes     what comes of a step: events, or a refusal with every reason that holds
    shares       the share ledger: movements, orders of agents, balances at record dates
    register     the register of persons, and the rules that count them
    income       one amount divided; distributions, claims, carry and sweep of a series
    currencies   what a currency moves, and what becomes of a payment in it
    declared     a distribution with its terms and its record
    vault        all distributions of all tokens, and everybody's money
    withholding  the rate of every holder at every record
    relayer      claims that holders have signed for
    settlement   signed orders and trades, and what is left of them
    clearing     the price of a call and what each order gets, the long way
    calls        whole calls: orders, pages, refunds, what is owed

Each suite has its own driver, which does a step in the model and on the chain, and compares:
`tests/laws/test_*_laws.py`, `tests/contracts/books.py`, `tests/contracts/account.py` and
`tests/assurance/fuzz/system.py`.
"""
