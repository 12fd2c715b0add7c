// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {ITaxPolicy} from "../tax/ITaxPolicy.sol";
import {EligibleLib} from "./EligibleLib.sol";
import {PayeeAndClaimsLib} from "./PayeeAndClaimsLib.sol";
import {RecordQueryLib} from "./RecordQueryLib.sol";
import {ProRataLib} from "../libraries/ProRataLib.sol";
import {ProgressLib} from "./ProgressLib.sol";
import {StoredTerms, TermsLib} from "./TermsLib.sol";
import {UncheckedArrayLib} from "../libraries/UncheckedArrayLib.sol";

/// @title DividendVaultViews
/// @notice What the vault keeps, and all that can be asked about it. `IDividendVault` is the specification.
/// @dev Promise: nothing here changes anything. What changes it is in `DividendVault`.
abstract contract DividendVaultViews is IDividendVault {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;
    using EligibleLib for EligibleLib.Book;
    using TermsLib for TermsLib.Tail;
    using UncheckedArrayLib for uint256[];

    // -------------------------------------------------------------------- storage

    /// @dev The distributions of one token in one currency.
    /// @param carry What finished ones left over, for the next
    /// @param count How many there are
    /// @param number The series' own number: the id of its first distribution
    /// @param progressEnd Bits of progress given out so far
    struct Series {
        uint96 carry;
        uint32 count;
        uint32 number;
        uint32 progressEnd;
    }

    /// @dev The end of a distribution that did not end by being claimed.
    struct Ending {
        bool ended;
        uint160 sent;
    }

    /// @dev In one slot, which every declaration writes: how many there are, and whether a share token was ever paid out.
    uint128 internal _count;
    bool internal _hasPaidShares;

    PayeeAndClaimsLib.Files internal _files;
    mapping(address token => mapping(address currency => Series)) internal _series;
    mapping(uint256 key => ProgressLib.Progress) internal _progress;

    EligibleLib.Book internal _eligible;
    mapping(uint256 id => uint256) internal _withheld;
    mapping(uint256 id => uint256) internal _remitted;
    mapping(uint256 id => Ending) internal _endings;

    // ----------------------------------------------------------------------- views

    /// @inheritdoc IDividendVault
    function entitlement(uint256 id, address holder) public view returns (uint256 gross, uint256 tax, uint256 net) {
        StoredTerms memory terms = _terms(id);
        if (_isCancelled(terms)) return (0, 0, 0);
        uint256 shares = _sharesOf(terms, holder);
        if (shares == 0) return (0, 0, 0);
        gross = ProRataLib.portionDown(terms.amount(), shares, _eligible.current(terms, _hasPaidShares));
        tax = _taxOn(terms, holder, gross);
        net = gross - tax;
    }

    /// @inheritdoc IDividendVault
    function claimable(uint256 id, address holder) external view returns (uint256 net) {
        StoredTerms memory terms = _terms(id);
        bool early = block.timestamp < terms.payableFrom();
        bool expired = terms.deadline() != 0 && block.timestamp > terms.deadline();
        if (early || expired || isClaimed(id, holder) || _isCancelled(terms)) return 0;
        (address claimant, ) = _ask(terms, _recordIdsOf(terms), holder);
        if (claimant != address(0)) (, , net) = entitlement(id, holder);
    }

    /// @inheritdoc IDividendVault
    function relayer() public view returns (address) {
        return LibRLP.computeAddress(address(this), 1);
    }

    /// @inheritdoc IDividendVault
    function assetOf(uint256 id) external view returns (address token, address currency) {
        StoredTerms memory terms = _terms(id);
        return (terms.token(), terms.currency());
    }

    /// @inheritdoc IDividendVault
    function isClaimed(uint256 id, address holder) public view returns (bool) {
        StoredTerms memory terms = _terms(id);
        return _isClaimed(terms, holder);
    }

    /// @inheritdoc IDividendVault
    function payeeOf(address holder) public view returns (address) {
        return _orSelf(PayeeAndClaimsLib.payee(_files.file[holder].bits), holder);
    }

    /// @inheritdoc IDividendVault
    function distributionCount() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc IDividendVault
    function carried(address token, address currency) external view returns (uint256) {
        return _series[token][currency].carry;
    }

    /// @inheritdoc IDividendVault
    function distribution(uint256 id) external view returns (Distribution memory all) {
        StoredTerms memory terms = _terms(id);
        TermsLib.Tail memory tail = terms.readTail();
        all.token = terms.token();
        all.recordId = terms.recordId();
        all.currency = terms.currency();
        all.declarer = terms.declarer();
        all.terms.kind = Kind(terms.kind());
        all.terms.payableFrom = uint48(terms.payableFrom());
        all.terms.deadline = uint48(terms.deadline());
        all.terms.sweepTo = tail.sweepTo;
        all.terms.taxPolicy = tail.taxPolicy;
        all.terms.documentHash = tail.documentHash;
        all.terms.excluded = tail.excluded;
        all.taxCollector = tail.taxCollector;
        all.amount = terms.amount();
        all.carriedIn = terms.carriedIn();
        all.withheld = _withheld[id];
        all.remitted = _remitted[id];

        Ending memory ending = _endings[id];
        all.eligibleSupply = _eligible.known(terms);
        if (all.eligibleSupply != 0) {
            (all.settledShares, all.paid) = _paid(terms, all.eligibleSupply);
        }
        all.swept = ending.sent;
        uint256 unpaid = all.amount - all.paid - all.swept;
        bool finished = all.eligibleSupply != 0 && all.settledShares == all.eligibleSupply;
        if (ending.ended || finished) all.carriedOut = unpaid;
        else all.owed = unpaid;
    }

    // ------------------------------------------------------------- of distributions

    /// @dev Settled shares of a distribution, and the gross income paid on them.
    function _paid(StoredTerms memory terms, uint256 eligible) internal view returns (uint256 settled, uint256 paid) {
        uint256 progress = _progress[_progressKey(terms)].bits;
        settled = ProgressLib.settledIn(progress, terms.progressField());
        paid =
            ProRataLib.portionDown(terms.amount(), settled, eligible) -
            ProgressLib.lostIn(progress, terms.progressField());
    }

    function _seriesOf(StoredTerms memory terms) internal view returns (Series storage) {
        return _series[terms.token()][terms.currency()];
    }

    function _progressKey(StoredTerms memory terms) internal pure returns (uint256) {
        return ProgressLib.keyOf(terms.series(), terms.progressField());
    }

    function _isClaimed(StoredTerms memory terms, address holder) internal view returns (bool) {
        return _files.isClaimed(holder, terms.series(), terms.index());
    }

    function _terms(uint256 id) internal view returns (StoredTerms memory terms) {
        terms = TermsLib.read(id);
        if (terms.token() == address(0)) revert DividendVault_UnknownDistribution(id);
    }

    function _requirePayable(StoredTerms memory terms) internal view {
        if (!terms.isPayable()) _refuse(terms);
    }

    /// @dev Says why holders cannot be paid in this second.
    function _refuse(StoredTerms memory terms) internal view {
        if (terms.token() == address(0)) revert DividendVault_UnknownDistribution(terms.id);
        if (block.timestamp < terms.payableFrom()) {
            revert DividendVault_NotPayableYet(terms.id, terms.payableFrom(), block.timestamp);
        }
        revert DividendVault_Expired(terms.id, terms.lastSecond(), block.timestamp);
    }

    /// @dev Nobody could be paid for the vault itself.
    function _isExcluded(StoredTerms memory terms, address holder) internal view returns (bool) {
        if (holder == address(this)) return true;
        return terms.has(TermsLib.FLAG_EXCLUDING) && terms.readTail().excludes(holder);
    }

    /// @dev Shares of `holder` that earn in this distribution.
    function _sharesOf(StoredTerms memory terms, address holder) internal view returns (uint256) {
        if (_isExcluded(terms, holder)) return 0;
        return IRecordToken(terms.token()).balanceOfAt(holder, terms.recordId());
    }

    /// @dev Whether it is without a denominator for good.
    function _isCancelled(StoredTerms memory terms) internal view returns (bool) {
        return _eligible.known(terms) == 0 && EligibleLib.isCancelled(terms);
    }

    /// @dev The one record of a distribution, as `_ask` wants it.
    function _recordIdsOf(StoredTerms memory terms) internal pure returns (uint256[] memory recordIds) {
        recordIds = RecordQueryLib.allocate(1);
        recordIds.put(0, terms.recordId());
    }

    /// @dev Who is to be paid for `holder`, and its shares at each record of the token of `terms`.
    function _ask(
        StoredTerms memory terms,
        uint256[] memory recordIds,
        address holder
    ) internal view returns (address claimant, uint256[] memory shares) {
        return
            terms.has(TermsLib.FLAG_HOLDINGS)
                ? RecordQueryLib.inOne(terms.token(), holder, recordIds, terms.has(TermsLib.FLAG_ELIGIBLE_ONLY))
                : RecordQueryLib.oneByOne(terms.token(), holder, recordIds);
    }

    /// @dev Where the income of `holder`, whose file says `fileBits`, goes.
    function _payee(address claimant, address holder, uint256 fileBits) internal view returns (address) {
        return claimant == holder ? _orSelf(PayeeAndClaimsLib.payee(fileBits), holder) : payeeOf(claimant);
    }

    function _orSelf(address payee, address holder) internal pure returns (address) {
        return payee == address(0) ? holder : payee;
    }

    function _taxOn(StoredTerms memory terms, address holder, uint256 gross) internal view returns (uint256 tax) {
        if (!terms.has(TermsLib.FLAG_TAXED) || gross == 0) return 0;
        ITaxPolicy policy = ITaxPolicy(terms.readTail().taxPolicy);
        tax = policy.taxOn(terms.token(), terms.recordId(), uint8(terms.kind()), holder, gross);
        if (tax > gross) revert DividendVault_TaxTooHigh(terms.id, holder, tax, gross);
    }
}
