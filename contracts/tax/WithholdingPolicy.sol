// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {ITaxPolicy} from "./ITaxPolicy.sol";
import {IWithholdingPolicy} from "./IWithholdingPolicy.sol";
import {Investor} from "../compliance/InvestorLib.sol";
import {ProRataLib} from "../libraries/ProRataLib.sol";
import {RateTableLib} from "./RateTableLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {InvestorStatus} from "./InvestorStatusLib.sol";
import {TimelineLib} from "./TimelineLib.sol";

/// @title WithholdingPolicy
/// @notice What is withheld from a holder's income. `IWithholdingPolicy` is the specification.
/// @dev Promise: nothing that is written in second `t` reaches an answer about a time before `t`. Tables and standings
/// are written through `TimelineLib.set` only, at the present second or later. A certificate is found through the standing
/// of its time, so it needs no history of its own; of what it says only `revokedAt` ever changes, once, from zero to
/// the present second.
contract WithholdingPolicy is IWithholdingPolicy, Ownable2Step {
    using TimelineLib for TimelineLib.Line;

    // ------------------------------------------------------------------ constants

    /// @dev How many certificates a payment looks at, which bounds its gas for ever. None is missed: one that would
    /// leave the window while it runs must be revoked first.
    uint256 private constant WINDOW = 16;

    /// @dev Enough for any registry to say who succeeds a wallet.
    uint256 private constant QUESTION_GAS = 100_000;

    /// @dev A bit for each kind of income.
    uint256 private constant ALL_KINDS = (1 << (RateTableLib.MAX_KIND + 1)) - 1;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc ITaxPolicy
    address public immutable collector;

    /// @inheritdoc IWithholdingPolicy
    address public immutable registry;

    /// @inheritdoc IWithholdingPolicy
    mapping(address account => bool) public isAgent;

    /// @dev The address of the table in force; see `RateTableLib`.
    TimelineLib.Line private _tables;

    /// @dev See `InvestorStatus`.
    mapping(address holder => TimelineLib.Line) private _standings;

    mapping(address holder => mapping(uint256 id => Filed)) private _certificates;

    // ---------------------------------------------------------------- construction

    /// @dev The first rates hold from the beginning of time: for records that closed before this policy existed, too,
    /// so that there is an answer about every record.
    constructor(address owner, address registry_, address collector_, Rate[] memory rates) Ownable(owner) {
        if (collector_ == address(0)) revert WithholdingPolicy_NoCollector();
        (registry, collector) = (registry_, collector_);
        _setRates(rates, 0);
    }

    modifier onlyAgent() {
        if (!isAgent[msg.sender] && msg.sender != owner()) revert WithholdingPolicy_NotAgent(msg.sender);
        _requireNotLost(msg.sender);
        _;
    }

    // ---------------------------------------------------------------------- asking

    /// @inheritdoc ITaxPolicy
    function taxOn(
        address token,
        uint256 recordId,
        uint8 kind,
        address holder,
        uint256 gross
    ) external view returns (uint256 tax) {
        uint256 time = IRecordToken(token).recordTime(recordId);
        if (block.timestamp <= time) revert WithholdingPolicy_RecordOpen(token, recordId, time, block.timestamp);
        (uint256 basisPoints, ) = rateAt(holder, kind, time);
        return ProRataLib.portionDown(gross, basisPoints, RateTableLib.WHOLE);
    }

    /// @inheritdoc IWithholdingPolicy
    function rateAt(address holder, uint8 kind, uint256 time) public view returns (uint256 basisPoints, Basis basis) {
        if (kind > RateTableLib.MAX_KIND) revert WithholdingPolicy_UnknownKind(kind, RateTableLib.MAX_KIND);
        InvestorStatus standing = _standingAt(holder, time);
        uint256 id = _certificateFor(holder, standing.certificates(), kind, time);
        if (id != 0) return (_certificates[holder][id].basisPoints, Basis.Certificate);
        return RateTableLib.rateFor(_tableAt(time), standing, kind);
    }

    /// @inheritdoc IWithholdingPolicy
    function ratesAt(uint256 time) external view returns (Rate[] memory rates) {
        return RateTableLib.read(_tableAt(time));
    }

    /// @inheritdoc IWithholdingPolicy
    function factsAt(address holder, uint256 time) external view returns (bool known, uint256 country, uint256 class) {
        InvestorStatus standing = _standingAt(holder, time);
        return (standing.known(), standing.country(), standing.class());
    }

    /// @inheritdoc IWithholdingPolicy
    function certificateCount(address holder) public view returns (uint256) {
        return InvestorStatus.wrap(_standings[holder].last()).certificates();
    }

    /// @inheritdoc IWithholdingPolicy
    function certificate(address holder, uint256 id) external view returns (Filed memory) {
        _requireFiled(holder, id);
        return _certificates[holder][id];
    }

    function _tableAt(uint256 time) private view returns (address) {
        return address(uint160(_tables.valueAt(time)));
    }

    function _standingAt(address holder, uint256 time) private view returns (InvestorStatus) {
        return InvestorStatus.wrap(_standings[holder].valueAt(time));
    }

    /// @dev The newest of the first `count` certificates that counts for this kind and time; 0 if none does.
    function _certificateFor(address holder, uint256 count, uint256 kind, uint256 time) private view returns (uint256) {
        uint256 end = count > WINDOW ? count - WINDOW : 0;
        for (uint256 id = count; id > end; --id) {
            Filed storage filed = _certificates[holder][id];
            bool covers = filed.validFrom <= time && time <= filed.validUntil && (filed.kinds >> kind) & 1 == 1;
            if (covers && (filed.revokedAt == 0 || time < filed.revokedAt)) return id;
        }
        return 0;
    }

    // ----------------------------------------------------------------------- rates

    /// @inheritdoc IWithholdingPolicy
    function setRates(Rate[] calldata rates, uint48 from) external onlyOwner {
        if (from == 0) from = uint48(block.timestamp);
        if (from < block.timestamp) revert WithholdingPolicy_InThePast(from, block.timestamp);
        _setRates(rates, from);
    }

    function _setRates(Rate[] memory rates, uint48 from) private {
        address table = RateTableLib.write(rates);
        _tables.set(from, uint160(table));
        emit RatesSet(from, table, rates.length);
    }

    // ---------------------------------------------------------------------- noting

    /// @inheritdoc IWithholdingPolicy
    function snapshot(address[] calldata holders) external {
        if (registry == address(0)) revert WithholdingPolicy_NoRegistry();
        for (uint256 i = 0; i < holders.length; ++i) {
            _snapshot(holders[i]);
        }
    }

    function _snapshot(address holder) private {
        TimelineLib.Line storage line = _standings[holder];
        InvestorStatus last = InvestorStatus.wrap(line.last());
        InvestorStatus present = last.withInvestor(_personBehind(holder));
        if (InvestorStatus.unwrap(present) == InvestorStatus.unwrap(last)) return;
        line.set(block.timestamp, InvestorStatus.unwrap(present));
        emit InvestorStatusSnapshot(holder, present.known(), present.country(), present.class());
    }

    /// @dev What the registry keeps of a lost wallet is of the day of its loss; the person may have moved since.
    function _personBehind(address wallet) private view returns (Investor investor) {
        investor = IInvestorRegistry(registry).investorOf(wallet);
        while (investor.isLost()) {
            wallet = IInvestorRegistry(registry).successorOf(wallet);
            investor = IInvestorRegistry(registry).investorOf(wallet);
        }
    }

    // ---------------------------------------------------------------- certificates

    /// @inheritdoc IWithholdingPolicy
    function certify(address[] calldata holders, Certificate[] calldata certificates) external onlyAgent {
        if (holders.length != certificates.length) {
            revert WithholdingPolicy_LengthMismatch(holders.length, certificates.length);
        }
        for (uint256 i = 0; i < holders.length; ++i) {
            _certify(holders[i], certificates[i]);
        }
    }

    /// @inheritdoc IWithholdingPolicy
    function revoke(address holder, uint256 id) external onlyAgent {
        _requireFiled(holder, id);
        Filed storage filed = _certificates[holder][id];
        if (filed.revokedAt != 0) revert WithholdingPolicy_AlreadyRevoked(holder, id, filed.revokedAt);
        filed.revokedAt = uint48(block.timestamp);
        emit CertificateRevoked(holder, id);
    }

    function _certify(address holder, Certificate calldata given) private {
        _checkCertificate(holder, given);
        TimelineLib.Line storage line = _standings[holder];
        InvestorStatus standing = InvestorStatus.wrap(line.last()).withOneMoreCertificate();
        uint256 id = standing.certificates();
        _requireWindow(holder, id);
        _certificates[holder][id] = Filed({
            basisPoints: given.basisPoints,
            kinds: given.kinds,
            validFrom: given.validFrom,
            validUntil: given.validUntil,
            filedAt: uint48(block.timestamp),
            revokedAt: 0,
            documentHash: given.documentHash
        });
        line.set(block.timestamp, InvestorStatus.unwrap(standing));
        emit CertificateFiled(holder, id, given);
    }

    function _checkCertificate(address holder, Certificate calldata given) private view {
        if (given.basisPoints > RateTableLib.WHOLE) {
            revert WithholdingPolicy_RateTooHigh(given.basisPoints, RateTableLib.WHOLE);
        }
        if (given.kinds == 0 || given.kinds > ALL_KINDS) revert WithholdingPolicy_InvalidKinds(given.kinds, ALL_KINDS);
        if (given.validUntil < given.validFrom || given.validUntil < block.timestamp) {
            revert WithholdingPolicy_InvalidPeriod(given.validFrom, given.validUntil, block.timestamp);
        }
        if (given.documentHash == 0) revert WithholdingPolicy_NoDocument(holder);
    }

    /// @dev The certificate that leaves the window when `id` enters can count for no record from now on.
    function _requireWindow(address holder, uint256 id) private view {
        if (id <= WINDOW) return;
        Filed storage leaving = _certificates[holder][id - WINDOW];
        if (leaving.revokedAt == 0 && leaving.validUntil >= block.timestamp) {
            revert WithholdingPolicy_TooManyCertificates(holder, id - WINDOW, WINDOW);
        }
    }

    function _requireFiled(address holder, uint256 id) private view {
        if (id == 0 || id > certificateCount(holder)) revert WithholdingPolicy_UnknownCertificate(holder, id);
    }

    // ----------------------------------------------------------------------- roles

    /// @inheritdoc IWithholdingPolicy
    function addAgent(address agent) external onlyOwner {
        _setAgent(agent, true);
    }

    /// @inheritdoc IWithholdingPolicy
    function removeAgent(address agent) external onlyOwner {
        _setAgent(agent, false);
    }

    /// @inheritdoc Ownable2Step
    function acceptOwnership() public override {
        _requireNotLost(msg.sender);
        super.acceptOwnership();
    }

    /// @dev Kept from `Ownable` only to refuse it.
    function renounceOwnership() public view override onlyOwner {
        revert WithholdingPolicy_OwnerRequired();
    }

    /// @inheritdoc Ownable
    function _checkOwner() internal view override {
        super._checkOwner();
        _requireNotLost(msg.sender);
    }

    /// @dev A registry that is absent, or does not answer, knows of no loss: it must not lock out who is in charge here.
    /// A caller cannot make the question fail by giving little gas, since there would be too little to go on.
    function _requireNotLost(address account) private view {
        (, uint256 successor) = StaticCallLib.tryAsk(
            registry,
            abi.encodeCall(IInvestorRegistry.successorOf, (account)),
            QUESTION_GAS
        );
        if (successor != 0) revert WithholdingPolicy_LostWallet(account, address(uint160(successor)));
    }

    function _setAgent(address agent, bool on) private {
        if (isAgent[agent] == on) return;
        isAgent[agent] = on;
        if (on) emit AgentAdded(agent);
        else emit AgentRemoved(agent);
    }
}
