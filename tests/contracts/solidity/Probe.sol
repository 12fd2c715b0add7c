// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account} from "../../../contracts/token/AccountLib.sol";
import {PayeeAndClaimsLib} from "../../../contracts/income/PayeeAndClaimsLib.sol";
import {Holding, PersonHoldingLib} from "../../../contracts/compliance/PersonHoldingLib.sol";
import {Investor, InvestorLib} from "../../../contracts/compliance/InvestorLib.sol";
import {Ledger} from "../../../contracts/token/LedgerLib.sol";
import {ProRataLib} from "../../../contracts/libraries/ProRataLib.sol";
import {ProgressLib} from "../../../contracts/income/ProgressLib.sol";
import {InvestorStatus} from "../../../contracts/tax/InvestorStatusLib.sol";
import {StoredTerms, TermsLib} from "../../../contracts/income/TermsLib.sol";
import {SettlementLib} from "./SettlementLib.sol";

/// @title Probe
/// @notice Puts many cases to one library in one call. Each function takes so many words to a case, behind each other,
/// and answers with as many for each as its comment says; the test compares every word.
contract Probe {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;

    PayeeAndClaimsLib.Files private _files;

    /// @dev amount, shares, eligible: gross
    function portions(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[](cases.length / 3);
        for (uint256 i = 0; i < out.length; ++i) {
            out[i] = ProRataLib.portionDown(cases[3 * i], cases[3 * i + 1], cases[3 * i + 2]);
        }
    }

    /// @dev lanes, lane, amount, shares, eligible: gross, lanes, last, settled, lost
    function settlements(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[](cases.length);
        for (uint256 i = 0; i < cases.length; i += 5) {
            uint256[] calldata one = cases[i:i + 5];
            bool last;
            (out[i], out[i + 1], last) = SettlementLib.settleDown(one[0], one[1], one[2], one[3], one[4]);
            out[i + 2] = last ? 1 : 0;
            out[i + 3] = ProgressLib.settledIn(out[i + 1], one[1]);
            out[i + 4] = ProgressLib.lostIn(out[i + 1], one[1]);
        }
    }

    /// @dev position, eligible, series: lane, end, key
    function lanes(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[](cases.length);
        for (uint256 i = 0; i < cases.length; i += 3) {
            (out[i], out[i + 1]) = ProgressLib.allocate(cases[i], cases[i + 1]);
            out[i + 2] = ProgressLib.keyOf(cases[i + 2], out[i]);
        }
    }

    /// @dev account, closed, amount, flag: balance, since, pastCount, has, and the account with each change
    function accounts(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[]((cases.length / 4) * 10);
        for (uint256 i = 0; i < cases.length / 4; ++i) {
            uint256[] calldata one = cases[4 * i:4 * i + 4];
            Account account = Account.wrap(one[0]);
            out[10 * i] = account.balance();
            out[10 * i + 1] = account.since();
            out[10 * i + 2] = account.pastCount();
            out[10 * i + 3] = account.has(one[3]) ? 1 : 0;
            out[10 * i + 4] = Account.unwrap(account.withSince(one[1]));
            out[10 * i + 5] = Account.unwrap(account.withOneMorePast());
            out[10 * i + 6] = Account.unwrap(account.plus(one[2]));
            out[10 * i + 7] = Account.unwrap(account.plus(one[2]).minus(one[2]));
            out[10 * i + 8] = Account.unwrap(account.with(one[3], true));
            out[10 * i + 9] = Account.unwrap(account.with(one[3], false));
        }
    }

    /// @dev ledger, rules, closed, next, flag: rules, next, closed, has, and the ledger with each change
    function ledgers(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[]((cases.length / 5) * 8);
        for (uint256 i = 0; i < cases.length / 5; ++i) {
            uint256[] calldata one = cases[5 * i:5 * i + 5];
            Ledger ledger = Ledger.wrap(one[0]);
            out[8 * i] = uint160(ledger.rules());
            out[8 * i + 1] = ledger.nextRecordAt();
            out[8 * i + 2] = ledger.closedRecords();
            out[8 * i + 3] = ledger.has(one[4]) ? 1 : 0;
            out[8 * i + 4] = Ledger.unwrap(ledger.withRules(address(uint160(one[1]))));
            out[8 * i + 5] = Ledger.unwrap(ledger.withRecords(one[2], one[3]));
            out[8 * i + 6] = Ledger.unwrap(ledger.with(one[4], true));
            out[8 * i + 7] = Ledger.unwrap(ledger.with(one[4], false));
        }
    }

    /// @dev person, country, class, until, other country: packed, its fields, group, moved, lost, and whether it is
    function investors(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[]((cases.length / 5) * 9);
        for (uint256 i = 0; i < cases.length / 5; ++i) {
            uint256[] calldata one = cases[5 * i:5 * i + 5];
            Investor investor = InvestorLib.pack(uint48(one[0]), uint16(one[1]), uint8(one[2]), uint48(one[3]));
            out[9 * i] = Investor.unwrap(investor);
            out[9 * i + 1] = investor.person();
            out[9 * i + 2] = investor.country();
            out[9 * i + 3] = investor.class();
            out[9 * i + 4] = investor.eligibleUntil();
            out[9 * i + 5] = investor.group();
            out[9 * i + 6] = Investor.unwrap(investor.withCountry(uint16(one[4])));
            out[9 * i + 7] = Investor.unwrap(investor.asLost());
            out[9 * i + 8] = investor.asLost().isLost() && !investor.isLost() ? 1 : 0;
        }
    }

    /// @dev shares, group, standing, investor: holding, shares, group, standing with the investor, its fields, and with
    /// one certificate more
    function standings(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[]((cases.length / 4) * 9);
        for (uint256 i = 0; i < cases.length / 4; ++i) {
            uint256[] calldata one = cases[4 * i:4 * i + 4];
            Holding holding = PersonHoldingLib.pack(one[0], one[1]);
            out[9 * i] = Holding.unwrap(holding);
            out[9 * i + 1] = holding.shares();
            out[9 * i + 2] = holding.group();
            InvestorStatus standing = InvestorStatus.wrap(one[2]).withInvestor(Investor.wrap(one[3]));
            out[9 * i + 3] = InvestorStatus.unwrap(standing);
            out[9 * i + 4] = standing.country();
            out[9 * i + 5] = standing.class();
            out[9 * i + 6] = standing.known() ? 1 : 0;
            out[9 * i + 7] = standing.certificates();
            out[9 * i + 8] = InvestorStatus.unwrap(standing.withOneMoreCertificate());
        }
    }

    /// @dev Every field of a term terms, written and read back; flags are the last
    function sheets(uint256[] calldata cases) external pure returns (uint256[] memory out) {
        out = new uint256[](cases.length);
        for (uint256 i = 0; i < cases.length; i += 15) {
            uint256[] calldata one = cases[i:i + 15];
            StoredTerms memory terms;
            terms.setAsset(address(uint160(one[1])), one[2]);
            terms.setOrigin(address(uint160(one[11])), one[12]);
            terms.setPayment(address(uint160(one[6])), one[7], one[8]);
            terms.setFlag(one[14]);
            terms.id = one[0];
            terms.setPlace(one[3], one[4], one[5]);
            terms.setDivision(one[9], one[10]);
            terms.setCarriedIn(one[13]);
            _readSheet(terms, one[14], out, i);
        }
    }

    /// @dev Four words to a case: what to do, whose file, series, ordinal. 0 sets the payee that `series` is; 1 marks;
    /// 2 asks whether it is marked; 3 asks for the payee. Each is answered with a word, 0 where nothing was asked.
    function files(uint256[] calldata cases) external returns (uint256[] memory out) {
        out = new uint256[](cases.length / 4);
        for (uint256 i = 0; i < out.length; ++i) {
            uint256[] calldata one = cases[4 * i:4 * i + 4];
            address holder = address(uint160(one[1]));
            if (one[0] == 0) _files.setPayee(holder, address(uint160(one[2])));
            if (one[0] == 1) _mark(holder, one[2], one[3]);
            if (one[0] == 2) out[i] = _files.isClaimed(holder, one[2], one[3]) ? 1 : 0;
            if (one[0] == 3) out[i] = uint160(PayeeAndClaimsLib.payee(_files.file[holder].bits));
        }
    }

    /// @dev As a payment marks.
    function _mark(address holder, uint256 series, uint256 ordinal) private {
        PayeeAndClaimsLib.Word storage file = _files.file[holder];
        uint256 window = PayeeAndClaimsLib.windowOf(ordinal);
        (PayeeAndClaimsLib.Word storage slot, uint256 bits) = _files.find(holder, file, file.bits, series, window);
        slot.bits = bits | PayeeAndClaimsLib.bitOf(ordinal);
    }

    function _readSheet(StoredTerms memory terms, uint256 flags, uint256[] memory out, uint256 at) private pure {
        out[at] = terms.id;
        out[at + 1] = uint160(terms.token());
        out[at + 2] = terms.recordId();
        out[at + 3] = terms.series();
        out[at + 4] = terms.index();
        out[at + 5] = terms.progressField();
        out[at + 6] = uint160(terms.currency());
        out[at + 7] = terms.payableFrom();
        out[at + 8] = terms.deadline();
        out[at + 9] = terms.amount();
        out[at + 10] = terms.eligible();
        out[at + 11] = uint160(terms.declarer());
        out[at + 12] = terms.kind();
        out[at + 13] = terms.carriedIn();
        out[at + 14] = terms.has(flags) ? flags : 0;
    }
}
