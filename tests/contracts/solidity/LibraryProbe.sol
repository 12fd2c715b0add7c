// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account} from "../../../contracts/token/AccountLib.sol";
import {PayeeAndClaimsLib} from "../../../contracts/income/PayeeAndClaimsLib.sol";
import {Holding, PersonHoldingLib} from "../../../contracts/compliance/PersonHoldingLib.sol";
import {Investor, InvestorLib} from "../../../contracts/compliance/InvestorLib.sol";
import {FrozenShares} from "../../../contracts/token/FrozenSharesLib.sol";
import {Ledger} from "../../../contracts/token/LedgerLib.sol";
import {ProgressLib} from "../../../contracts/income/ProgressLib.sol";
import {InvestorStatus} from "../../../contracts/tax/InvestorStatusLib.sol";
import {StoredTerms, TermsLib} from "../../../contracts/income/TermsLib.sol";
import {IHolds} from "../../../contracts/market/IHolds.sol";
import {Care, Lock, LockLib} from "../../../contracts/market/LockLib.sol";
import {SettlementLib} from "./SettlementLib.sol";

/// @title LibraryProbe
/// @notice Hands words to the libraries that pack them, and back what they make of them.
contract LibraryProbe {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;

    /// @notice What is put on a terms.
    struct Fields {
        address token;
        uint256 series;
        uint256 ordinal;
        uint256 recordId;
        address currency;
        uint256 payableFrom;
        uint256 deadline;
        uint256 amount;
        uint256 eligible;
        address declarer;
        uint256 carriedIn;
        uint256 lane;
        uint256 kind;
        uint256 flag;
    }

    PayeeAndClaimsLib.Files private _files;

    // ------------------------------------------------------------------------ Account

    function accountBalance(uint256 a) external pure returns (uint256) {
        return Account.wrap(a).balance();
    }

    function accountSince(uint256 a) external pure returns (uint256) {
        return Account.wrap(a).since();
    }

    function accountPastCount(uint256 a) external pure returns (uint256) {
        return Account.wrap(a).pastCount();
    }

    function accountHas(uint256 a, uint256 b) external pure returns (bool) {
        return Account.wrap(a).has(b);
    }

    function accountAnyFlag(uint256 a, uint256 b) external pure returns (bool) {
        return Account.wrap(a).anyFlag(Account.wrap(b));
    }

    function accountBothReady(uint256 a, uint256 b, uint256 ledger) external pure returns (bool) {
        return Account.wrap(a).bothReady(Account.wrap(b), Ledger.wrap(ledger));
    }

    function accountWith(uint256 a, uint256 b, bool on) external pure returns (Account) {
        return Account.wrap(a).with(b, on);
    }

    function accountPlus(uint256 a, uint256 b) external pure returns (Account) {
        return Account.wrap(a).plus(b);
    }

    function accountMinus(uint256 a, uint256 b) external pure returns (Account) {
        return Account.wrap(a).minus(b);
    }

    function accountWithSince(uint256 a, uint256 b) external pure returns (Account) {
        return Account.wrap(a).withSince(b);
    }

    function accountWithOneMorePast(uint256 a) external pure returns (Account) {
        return Account.wrap(a).withOneMorePast();
    }

    // ------------------------------------------------------------------- FrozenShares

    function frozenOrdered(uint256 a) external pure returns (uint256) {
        return FrozenShares.wrap(a).ordered();
    }

    function frozenHeld(uint256 a) external pure returns (uint256) {
        return FrozenShares.wrap(a).held();
    }

    function frozenTotal(uint256 a) external pure returns (uint256) {
        return FrozenShares.wrap(a).total();
    }

    function frozenFree(uint256 a, uint256 b) external pure returns (uint256) {
        return FrozenShares.wrap(a).free(b);
    }

    function frozenWithOrdered(uint256 a, uint256 b) external pure returns (FrozenShares) {
        return FrozenShares.wrap(a).withOrdered(b);
    }

    function frozenWithHeld(uint256 a, uint256 b) external pure returns (FrozenShares) {
        return FrozenShares.wrap(a).withHeld(b);
    }

    function frozenHoldsOther(uint256 a, uint256 b) external pure returns (bool) {
        return FrozenShares.wrap(a).holdsOther(FrozenShares.wrap(b));
    }

    function frozenPlus(uint256 a, uint256 b) external pure returns (FrozenShares) {
        return FrozenShares.wrap(a).plus(FrozenShares.wrap(b));
    }

    function frozenTaken(uint256 a, uint256 b, uint256 c) external pure returns (FrozenShares) {
        return FrozenShares.wrap(a).taken(b, c);
    }

    // ------------------------------------------------------------------------- Ledger

    function ledgerRules(uint256 a) external pure returns (address) {
        return Ledger.wrap(a).rules();
    }

    function ledgerNextRecordAt(uint256 a) external pure returns (uint256) {
        return Ledger.wrap(a).nextRecordAt();
    }

    function ledgerClosedRecords(uint256 a) external pure returns (uint256) {
        return Ledger.wrap(a).closedRecords();
    }

    function ledgerGuarded(uint256 a) external pure returns (bool) {
        return Ledger.wrap(a).guarded();
    }

    function ledgerAsksOnlyOurRules(uint256 a) external pure returns (bool) {
        return Ledger.wrap(a).asksOnlyOurRules();
    }

    function ledgerHas(uint256 a, uint256 b) external pure returns (bool) {
        return Ledger.wrap(a).has(b);
    }

    function ledgerWith(uint256 a, uint256 b, bool on) external pure returns (Ledger) {
        return Ledger.wrap(a).with(b, on);
    }

    function ledgerWithRules(uint256 a, address b) external pure returns (Ledger) {
        return Ledger.wrap(a).withRules(b);
    }

    function ledgerWithRecords(uint256 a, uint256 b, uint256 c) external pure returns (Ledger) {
        return Ledger.wrap(a).withRecords(b, c);
    }

    // ---------------------------------------------------------- registry, withholding

    function investorPack(uint48 a, uint16 b, uint8 c, uint48 d) external pure returns (Investor) {
        return InvestorLib.pack(a, b, c, d);
    }

    function investorPerson(uint256 a) external pure returns (uint256) {
        return Investor.wrap(a).person();
    }

    function investorCountry(uint256 a) external pure returns (uint256) {
        return Investor.wrap(a).country();
    }

    function investorClass(uint256 a) external pure returns (uint256) {
        return Investor.wrap(a).class();
    }

    function investorGroup(uint256 a) external pure returns (uint256) {
        return Investor.wrap(a).group();
    }

    function investorEligibleUntil(uint256 a) external pure returns (uint256) {
        return Investor.wrap(a).eligibleUntil();
    }

    function investorIsLost(uint256 a) external pure returns (bool) {
        return Investor.wrap(a).isLost();
    }

    function investorAsLost(uint256 a) external pure returns (Investor) {
        return Investor.wrap(a).asLost();
    }

    function investorAsFound(uint256 a) external pure returns (Investor) {
        return Investor.wrap(a).asFound();
    }

    function investorWithCountry(uint256 a, uint16 b) external pure returns (Investor) {
        return Investor.wrap(a).withCountry(b);
    }

    function holdingPack(uint256 a, uint256 b) external pure returns (Holding) {
        return PersonHoldingLib.pack(a, b);
    }

    function holdingShares(uint256 a) external pure returns (uint256) {
        return Holding.wrap(a).shares();
    }

    function holdingGroup(uint256 a) external pure returns (uint256) {
        return Holding.wrap(a).group();
    }

    function standingCountry(uint256 a) external pure returns (uint256) {
        return InvestorStatus.wrap(a).country();
    }

    function standingClass(uint256 a) external pure returns (uint256) {
        return InvestorStatus.wrap(a).class();
    }

    function standingKnown(uint256 a) external pure returns (bool) {
        return InvestorStatus.wrap(a).known();
    }

    function standingCertificates(uint256 a) external pure returns (uint256) {
        return InvestorStatus.wrap(a).certificates();
    }

    function standingWithInvestor(uint256 a, uint256 b) external pure returns (InvestorStatus) {
        return InvestorStatus.wrap(a).withInvestor(Investor.wrap(b));
    }

    function standingWithOneMoreCertificate(uint256 a) external pure returns (InvestorStatus) {
        return InvestorStatus.wrap(a).withOneMoreCertificate();
    }

    // ----------------------------------------------------------------------- ProgressLib

    function progressSettledIn(uint256 a, uint256 b) external pure returns (uint256) {
        return ProgressLib.settledIn(a, b);
    }

    function progressLostIn(uint256 a, uint256 b) external pure returns (uint256) {
        return ProgressLib.lostIn(a, b);
    }

    function progressKeyOf(uint256 a, uint256 b) external pure returns (uint256) {
        return ProgressLib.keyOf(a, b);
    }

    function progressAllocate(uint256 a, uint256 b) external pure returns (uint256, uint256) {
        return ProgressLib.allocate(a, b);
    }

    function progressSettle(
        uint256 progress,
        uint256 lane,
        uint256 amount,
        uint256 shares,
        uint256 eligible
    ) external pure returns (uint256 gross, uint256 progressAfter) {
        (gross, progressAfter, ) = SettlementLib.settleDown(progress, lane, amount, shares, eligible);
    }

    // --------------------------------------------------------------------- PayeeAndClaimsLib

    function filePayee(uint256 a) external pure returns (address) {
        return PayeeAndClaimsLib.payee(a);
    }

    function fileWindow(uint256 a) external pure returns (uint256) {
        return PayeeAndClaimsLib.windowOf(a);
    }

    function fileBit(uint256 a) external pure returns (uint256) {
        return PayeeAndClaimsLib.bitOf(a);
    }

    function fileWithPayee(uint256 file, address payee) external returns (uint256) {
        _put(file);
        _files.setPayee(address(this), payee);
        return _got();
    }

    /// @dev What the window has to say where it is the holder's file; where it is a word of its own, nothing.
    function fileFound(uint256 file, uint256 series, uint256 window) external returns (uint256 bits) {
        _put(file);
        PayeeAndClaimsLib.Word storage mine = _files.file[address(this)];
        (, bits) = PayeeAndClaimsLib.find(_files, address(this), mine, file, series, window);
    }

    function _put(uint256 file) private {
        bytes32 slot = _slot();
        assembly ("memory-safe") {
            sstore(slot, file)
        }
    }

    function _got() private view returns (uint256 file) {
        bytes32 slot = _slot();
        assembly ("memory-safe") {
            file := sload(slot)
        }
    }

    /// @dev The files' mapping is the first thing stored here.
    function _slot() private view returns (bytes32) {
        return keccak256(abi.encode(address(this), uint256(0)));
    }

    // -------------------------------------------------------------------------- Lock

    function lockOpened(uint256 a, uint256 b) external pure returns (uint256) {
        return Lock.unwrap(LockLib.opened(Care(a % 3), b));
    }

    function lockOpenedAt(uint256 a) external pure returns (uint48) {
        return Lock.wrap(a).openedAt();
    }

    function lockRedirectedTo(uint256 a) external pure returns (address) {
        return Lock.wrap(a).redirectedTo();
    }

    function lockWithState(uint256 a, uint256 b) external pure returns (uint256) {
        return Lock.unwrap(Lock.wrap(a).withState(IHolds.State(b % 6)));
    }

    function lockWithRedirection(uint256 a, address b) external pure returns (uint256) {
        return Lock.unwrap(Lock.wrap(a).withRedirection(b));
    }

    function lockState(uint256 a) external pure returns (uint256) {
        return uint256(Lock.wrap(a - (a & 0xff) + ((a & 0xff) % 6)).state());
    }

    function lockCare(uint256 a) external pure returns (uint256) {
        return uint256(Lock.wrap(a - (a & 0xff00) + ((((a >> 8) & 0xff) % 3) << 8)).care());
    }

    // ---------------------------------------------------------------------- TermsLib

    /// @notice The four words of a sheet with these fields.
    function sheetWords(Fields calldata fields) external pure returns (uint256[4] memory words) {
        StoredTerms memory terms;
        terms.setAsset(fields.token, fields.recordId);
        terms.setOrigin(fields.declarer, fields.kind);
        terms.setFlag(fields.flag);
        terms.setPayment(fields.currency, fields.payableFrom, fields.deadline);
        terms.setPlace(fields.series, fields.ordinal, fields.lane);
        terms.setDivision(fields.amount, fields.eligible);
        terms.setCarriedIn(fields.carriedIn);
        assembly ("memory-safe") {
            mcopy(words, add(terms, 0x20), 0x80)
        }
    }

    /// @notice The fields of a sheet of these four words.
    function sheetFields(uint256[4] calldata words) external pure returns (Fields memory fields) {
        StoredTerms memory terms;
        assembly ("memory-safe") {
            calldatacopy(add(terms, 0x20), words, 0x80)
        }
        (fields.token, fields.series, fields.ordinal) = (terms.token(), terms.series(), terms.index());
        (fields.recordId, fields.currency) = (terms.recordId(), terms.currency());
        (fields.payableFrom, fields.deadline) = (terms.payableFrom(), terms.lastSecond());
        (fields.amount, fields.eligible) = (terms.amount(), terms.eligible());
        (fields.declarer, fields.carriedIn) = (terms.declarer(), terms.carriedIn());
        (fields.lane, fields.kind) = (terms.progressField(), terms.kind());
    }
}
