// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaxPolicy} from "./ITaxPolicy.sol";

/// @title IWithholdingPolicy
/// @notice What is withheld from a holder's income: a table of rates by country, class of investor and kind of
/// income, overridden by the certificates that a holder has filed.
///
/// The tax is `floor(gross * rate / 10,000)`: what rounding leaves over is the holder's, never the collector's.
///
/// Everything that decides it is kept with the second from which it holds, and looked up at the time of the record:
///
/// - A change made in second `t` counts for every record whose time is `t` or later, and for none before. This is the
///   rule of the record itself, which counts every transfer of its second.
/// - A record is asked about only when its second is over. No change can count for it any more, so every answer about
///   it is the same for ever. While it is open, `taxOn` refuses; `rateAt` answers for now, and may change.
///
/// The rate of a holder for a kind of income, first match:
///
/// 1. The newest certificate filed by then, covering the kind and the time, and not revoked by then.
/// 2. The rate for its country and class.
/// 3. The rate for its country and any class.
/// 4. The rate for any country and its class.
/// 5. The default for the kind, which every table has. It is all that a holder is given of whom there is no snapshot.
///
/// What is known of a holder is what the investor registry said when anybody last called `snapshot` for it, by then.
///
/// Duties of the operator, whom nothing here replaces:
/// - `snapshot` every holder before a record date, and after a change in the registry. Whoever has no snapshot is taxed at
///   the default rate.
/// - After a recovery, `snapshot` the successor and file its certificates anew. For records before it the holder of
///   record is the lost wallet, whose facts and certificates stay.
/// - If an asset changes its registry, use another policy.
///
/// Powers: the owner sets rates for the time to come and appoints agents; both file and revoke certificates, for the
/// time to come. A wallet that the registry knows as lost has no power, until the registry's agents undo the loss; so
/// who is in charge here should act from wallets that are no investor's. Nobody can change the collector, or what holds
/// for a record that has closed.
interface IWithholdingPolicy is ITaxPolicy {
    /// @notice One rate of a table.
    /// @param country ISO 3166-1 numeric, as the investor registry has it; 0 for any
    /// @param class Class of investor, as the investor registry has it; 255 for any
    /// @param kind A value of `IDividendVault.Kind`
    /// @param basisPoints The rate; 10,000 is the whole income
    struct Rate {
        uint16 country;
        uint8 class;
        uint8 kind;
        uint16 basisPoints;
    }

    /// @notice What a tax office certified of a holder.
    /// @param basisPoints The rate in place of the table's
    /// @param kinds Kinds of income it is good for: bit `k` for kind `k` of `IDividendVault.Kind`
    /// @param validFrom First second of its validity
    /// @param validUntil Last second of its validity
    /// @param documentHash Hash of the certificate itself
    struct Certificate {
        uint16 basisPoints;
        uint8 kinds;
        uint48 validFrom;
        uint48 validUntil;
        bytes32 documentHash;
    }

    /// @notice A certificate as it was filed.
    /// @param filedAt The second in which it was filed; it counts for no record before
    /// @param revokedAt The second in which it was revoked, from which it counts for no record; 0 if it was not
    struct Filed {
        uint16 basisPoints;
        uint8 kinds;
        uint48 validFrom;
        uint48 validUntil;
        uint48 filedAt;
        uint48 revokedAt;
        bytes32 documentHash;
    }

    /// @notice What a rate rests on.
    /// @dev `Exact`: the holder's country and class. `Country`: its country and any class. `Class`: its class and any
    /// country.
    enum Basis {
        Default,
        Class,
        Country,
        Exact,
        Certificate
    }

    /// @notice For records from second `from` on, the `count` rates in the code of `table` apply, in place of any table
    /// that was to apply then or later.
    event RatesSet(uint48 indexed from, address table, uint256 count);

    /// @notice From this second on, the registry's `country` and `class` hold for `holder`; or nothing is known of it.
    event InvestorStatusSnapshot(address indexed holder, bool known, uint256 country, uint256 class);

    /// @notice Certificate `id` of `holder` was filed. Ids run from 1 for each holder.
    event CertificateFiled(address indexed holder, uint256 indexed id, Certificate certificate);

    /// @notice Certificate `id` of `holder` counts for no record from this second on.
    event CertificateRevoked(address indexed holder, uint256 indexed id);

    /// @notice `agent` may from now on file and revoke certificates.
    event AgentAdded(address indexed agent);

    /// @notice `agent` may no longer file and revoke certificates.
    event AgentRemoved(address indexed agent);

    /// @notice Thrown when a function for the owner and the agents is called by someone else.
    error WithholdingPolicy_NotAgent(address caller);

    /// @notice Thrown when an owner, or an agent, whose wallet the registry knows as lost would use its power.
    error WithholdingPolicy_LostWallet(address wallet, address successor);

    /// @notice Thrown when a policy would have nobody to pay the tax to.
    error WithholdingPolicy_NoCollector();

    /// @notice Thrown when holders would be snapshotted and the policy has no registry to ask.
    error WithholdingPolicy_NoRegistry();

    /// @notice Thrown when the tax is asked for a record that is still open, and so may change.
    error WithholdingPolicy_RecordOpen(address token, uint256 recordId, uint256 recordTime, uint256 presentTime);

    /// @notice Thrown when there is no such kind of income.
    error WithholdingPolicy_UnknownKind(uint256 kind, uint256 limit);

    /// @notice Thrown when a rate is more than the whole income.
    error WithholdingPolicy_RateTooHigh(uint256 basisPoints, uint256 limit);

    /// @notice Thrown when a table has more rates than the code of a contract can hold.
    error WithholdingPolicy_TooManyRates(uint256 given, uint256 limit);

    /// @notice Thrown when the rates of a table are not in ascending order of country, class and kind, so that none
    /// is given twice; `index` is the first that is not.
    error WithholdingPolicy_NotAscending(uint256 index);

    /// @notice Thrown when a table lacks the default of a kind, for any country and any class.
    error WithholdingPolicy_NoDefault(uint256 kind);

    /// @notice Thrown when rates would apply to records that may have closed.
    error WithholdingPolicy_InThePast(uint256 from, uint256 presentTime);

    /// @notice Thrown when the arguments of a batch differ in length.
    error WithholdingPolicy_LengthMismatch(uint256 holders, uint256 certificates);

    /// @notice Thrown when a certificate covers no kind of income, or one that does not exist.
    error WithholdingPolicy_InvalidKinds(uint256 kinds, uint256 limit);

    /// @notice Thrown when a certificate could never count: it ends before it begins, or has ended.
    error WithholdingPolicy_InvalidPeriod(uint256 validFrom, uint256 validUntil, uint256 presentTime);

    /// @notice Thrown when a certificate names no document.
    error WithholdingPolicy_NoDocument(address holder);

    /// @notice Thrown when so many certificates were filed since one that still runs that a payment would not look as
    /// far back; it can be revoked.
    error WithholdingPolicy_TooManyCertificates(address holder, uint256 runningId, uint256 limit);

    /// @notice Thrown when a holder has no certificate of this id.
    error WithholdingPolicy_UnknownCertificate(address holder, uint256 id);

    /// @notice Thrown when a certificate was revoked before.
    error WithholdingPolicy_AlreadyRevoked(address holder, uint256 id, uint256 revokedAt);

    /// @notice Thrown when the owner tries to leave: nobody could change rates or appoint agents after that.
    error WithholdingPolicy_OwnerRequired();

    /// @notice Puts a whole table of rates in force for records from second `from` on, in place of any table that was
    /// to apply then or later. Owner only.
    /// @param rates In ascending order of country, class and kind, with a default for every kind
    /// @param from The present second or a later one; 0 for the present one
    function setRates(Rate[] calldata rates, uint48 from) external;

    /// @notice Copies what the investor registry knows of `holders` now; of a lost wallet, what it knows of the wallet
    /// that took its place. Anyone may call.
    function snapshot(address[] calldata holders) external;

    /// @notice Files certificates, for the holder at the same position. Owner and agents only.
    function certify(address[] calldata holders, Certificate[] calldata certificates) external;

    /// @notice Revokes certificate `id` of `holder` for records from the present second on. Owner and agents only.
    function revoke(address holder, uint256 id) external;

    /// @notice Lets `agent` file and revoke certificates. Owner only.
    function addAgent(address agent) external;

    /// @notice Takes an agent's power. Owner only.
    function removeAgent(address agent) external;

    /// @notice Whether `account` was appointed to file and revoke certificates.
    function isAgent(address account) external view returns (bool);

    /// @notice The investor registry that `snapshot` asks; zero if there is none.
    function registry() external view returns (address);

    /// @notice The rate of `holder` for income of `kind` at a record of this time, and what it rests on. Final if the
    /// time is past, provisional if not.
    function rateAt(address holder, uint8 kind, uint256 time) external view returns (uint256 basisPoints, Basis basis);

    /// @notice The table of rates for records of this time. Final if the time is past, provisional if not.
    function ratesAt(uint256 time) external view returns (Rate[] memory rates);

    /// @notice What was known of `holder` at this time. Final if the time is past, provisional if not.
    function factsAt(address holder, uint256 time) external view returns (bool known, uint256 country, uint256 class);

    /// @notice How many certificates `holder` has filed; their ids run from 1 to this.
    function certificateCount(address holder) external view returns (uint256);

    /// @notice Certificate `id` of `holder`.
    function certificate(address holder, uint256 id) external view returns (Filed memory);
}
