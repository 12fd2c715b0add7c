// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IBallot
/// @notice A meeting of the holders of record: many resolutions, one vote a holder, counted as it comes in.
///
/// One contract serves every asset of a chain. It has no owner. The owner or an agent of a share token convenes a
/// meeting for one of its records; or holders do by their signatures, where the owner has said how many shares it takes
/// (requisition). What a holder's vote weighs is what it held when that record closed
/// (`IRecordToken`): nothing is delegated beforehand, transfers cost nothing more, and shares bought later do not
/// vote. Terms are fixed when a meeting is convened.
///
/// A vote is cast by the claimant of a holder, which is the holder itself or, after a recovery, the wallet in its
/// place; or by the proxy that the claimant appointed for this meeting. The claimant's own vote prevails over the
/// proxy's, whichever was later. A vote can be changed until the meeting closes, and the last one counts. It can be
/// sent, or signed (EIP-712, by a key or by an ERC-1271 wallet) and brought by anyone.
///
/// A holder that holds for others, as a custodian does, splits its vote into parts that each choose for themselves.
///
/// Laws: for each resolution, shares for it, shares against it and abstentions add up to the shares present, which
/// are not more than the eligible ones (V1). A vote weighs what the record says, and no share votes twice, on
/// whatever path (V2). The last valid version counts (V3). What is counted from signed votes off the chain is what is
/// counted here (V4).
///
/// Warnings for integrators:
/// - The version of a vote is the Unix second at which it was signed; of a vote that was sent, the second of its
///   block. So a vote that is sent prevails over all that were signed earlier, and old ones cannot be replayed. Sign
///   the second truly: a later one than the present is refused until it has come. Of two signed in one second the
///   first that is brought counts.
/// - Versions are counted for each voter of a holder. A recovery makes a new claimant, whose vote prevails over the
///   lost wallet's, and ends what that one appointed. Nothing that the lost wallet signed is taken from then on.
/// - A vote that a proxy has cast stands when the proxy is dismissed, until the claimant votes or another proxy does.
/// - Freezes do not keep anybody from voting, unless the terms say so. Nor does eligibility.
/// - The vote of a pool is that of its wallet, or of what controls it, split as it chooses. Nothing here looks
///   through it to those for whom it holds.
/// - A wallet that was lost and recovered is nobody's proxy: who has its key is not whom anybody meant.
/// - If the record is cancelled before it closes, nobody can vote, and the meeting comes to nothing.
/// - A token that says different things of a closed record spoils the count of its own meetings, and of no others.
/// - Whoever brings signed votes pays for the questions to their tokens and to ERC-1271 wallets, which can burn what
///   gas there is: leave out those that are not known.
/// - The terms of a requisitioned meeting are those that its holders have signed, thresholds among them, and it excludes
///   nobody. Read them before relying on `Declared`.
/// - Choices can be seen as they come in. Nothing here is secret.
/// - A resolution carried here carries out nothing by itself. `Declared` is what others can point at.
interface IBallot {
    /// @notice What a threshold is a part of: the shares for and against (`Cast`), the shares present, abstentions
    /// among them (`Present`), or all shares that could vote (`Eligible`).
    enum Basis {
        Cast,
        Present,
        Eligible
    }

    /// @notice How far a meeting is. `Convened`: `opensAt` lies ahead. `Closed`: votes are no longer taken.
    /// `Declared`: the result was declared.
    enum Stage {
        None,
        Convened,
        Open,
        Closed,
        Declared,
        Cancelled
    }

    /// @notice Why a vote, or an appointment, cannot be taken now.
    /// @dev In the order in which they are found. `NoShares`: the holder had none at the record, or is excluded.
    /// `NotVoter`: neither the claimant nor its proxy. `Held`: the wallet is frozen, and the terms ask for that.
    /// `ClaimantVoted`: a proxy comes after the claimant. `OldVersion`: not later than the voter's last.
    /// `FutureVersion`: later than now. `NotSigned`: neither by key nor by ERC-1271. `WrongChoices`: a choice for no resolution, or one that is none.
    /// `WrongParts`: none, too many, empty, or more than the weight. `WrongBefore`: not the parts of the present
    /// vote.
    enum Obstacle {
        None,
        NotOpen,
        NoShares,
        NotVoter,
        Held,
        ClaimantVoted,
        OldVersion,
        FutureVersion,
        NotSigned,
        WrongChoices,
        WrongParts,
        WrongBefore
    }

    /// @notice What is put to the vote. It is carried if the meeting is quorate and the shares for it are more than
    /// the threshold's part of the basis, or as many if `inclusive`. If the basis is 0 it is not.
    /// @param textHash Hash of its text
    /// @param basis What the threshold is a part of
    /// @param thresholdBps The part, in hundredths of a percent: 5,000 for more than half
    /// @param inclusive Whether exactly that part is enough, as in "at least three quarters". Not with a threshold of
    /// 0; needed with one of 10,000
    struct Resolution {
        bytes32 textHash;
        Basis basis;
        uint16 thresholdBps;
        bool inclusive;
    }

    /// @notice The terms of a meeting. Times are Unix seconds.
    /// @param token The share token
    /// @param recordId The record whose holders vote; it closes before `opensAt`
    /// @param opensAt First second at which votes are taken
    /// @param closesAt Last second at which votes are taken
    /// @param quorumBps Shares that must be present, in hundredths of a percent of the eligible ones; 0 for any
    /// @param frozenMayNotVote Whether the claimant of a holder is nobody while the token holds its income
    /// (`IShareToken.claimantOf`), as while its wallet is frozen
    /// @param excluded Accounts that neither vote nor count, such as treasury shares; at most 32, repeats count once
    /// @param resolutions What is put to the vote; 1 to 60
    /// @param documentHash Hash of the notice; or zero
    struct Terms {
        address token;
        uint256 recordId;
        uint48 opensAt;
        uint48 closesAt;
        uint16 quorumBps;
        bool frozenMayNotVote;
        address[] excluded;
        Resolution[] resolutions;
        bytes32 documentHash;
    }

    /// @notice A part of a holder's shares, and what it chooses.
    /// @param shares How many, in the token's smallest unit
    /// @param choices Two bits for each resolution, the first one lowest: 0 abstains, 1 is for it, 2 against it
    struct Part {
        uint128 shares;
        uint128 choices;
    }

    /// @notice A vote that its voter signs.
    /// @param id The meeting
    /// @param holder The holder of record whose shares vote
    /// @param voter Who signs: the claimant, or its proxy
    /// @param version The Unix second at which it was signed
    /// @param choices What all shares choose; 0 if there are parts
    /// @param parts The parts of a split vote, at most 256; none if all shares choose alike
    struct Vote {
        uint256 id;
        address holder;
        address voter;
        uint48 version;
        uint128 choices;
        Part[] parts;
    }

    /// @notice An appointment that the claimant of a holder signs.
    /// @param id The meeting
    /// @param holder The holder of record whose shares vote
    /// @param claimant Who signs
    /// @param proxy Who may vote; zero for nobody any more
    /// @param version The Unix second at which it was signed
    struct Appointment {
        uint256 id;
        address holder;
        address claimant;
        address proxy;
        uint48 version;
    }

    /// @notice The vote of a holder as it stands.
    /// @param voter Who cast it; zero for nobody
    /// @param byProxy Whether that was a proxy
    /// @param version Its version
    /// @param shares Shares that are present by it
    /// @param choices What they choose; 0 if it is split
    /// @param partsHash `keccak256(abi.encode(parts))`; zero if it is not split
    struct Cast {
        address voter;
        bool byProxy;
        uint48 version;
        uint256 shares;
        uint128 choices;
        bytes32 partsHash;
    }

    /// @notice How one resolution stands, in shares. The three add up to the shares present.
    /// @param inFavour Shares for it
    /// @param against Shares against it
    /// @param abstained Shares that are present and chose neither
    /// @param carried Whether it is carried, as things stand
    struct Result {
        uint256 inFavour;
        uint256 against;
        uint256 abstained;
        bool carried;
    }

    /// @notice How a meeting stands.
    /// @param present Shares of those who voted
    /// @param eligible Shares that could vote
    /// @param quorate Whether enough are present: `present * 10_000 >= quorumBps * eligible`, and not none
    /// @param results For each resolution
    struct Tally {
        uint256 present;
        uint256 eligible;
        bool quorate;
        Result[] results;
    }

    /// @notice A meeting was convened.
    event Convened(uint256 indexed id, address indexed token, uint256 indexed recordId, address convener, Terms terms);

    /// @notice A meeting was convened by holders, who had so many of the eligible shares at its record.
    event Requisitioned(uint256 indexed id, bytes32 indexed digest, uint256 shares, uint256 eligible);

    /// @notice From now on holders of such a part of the shares of `token` together can convene a meeting; none if it is
    /// zero.
    event RequisitionSet(address indexed token, uint16 requisitionBps);

    /// @notice A meeting was cancelled before it opened.
    event Cancelled(uint256 indexed id, bytes32 documentHash);

    /// @notice All `shares` of `holder` vote alike. It takes the place of what `holder` voted before.
    event Voted(
        uint256 indexed id,
        address indexed holder,
        address indexed voter,
        uint48 version,
        uint256 shares,
        uint128 choices
    );

    /// @notice Shares of `holder` vote in parts. It takes the place of what `holder` voted before.
    event VotedSplit(
        uint256 indexed id,
        address indexed holder,
        address indexed voter,
        uint48 version,
        uint256 shares,
        Part[] parts
    );

    /// @notice From now on `proxy` may vote for `holder` in this meeting; nobody but `claimant` if it is zero.
    event Appointed(
        uint256 indexed id,
        address indexed holder,
        address indexed proxy,
        address claimant,
        uint48 version
    );

    /// @notice A signed vote of `voter` for `holder` was not taken.
    event Skipped(uint256 indexed id, address indexed holder, address indexed voter, Obstacle reason);

    /// @notice The result of a meeting.
    event Declared(uint256 indexed id, address indexed token, uint256 indexed recordId, Tally tally);

    /// @notice Thrown when no meeting has this id.
    error Ballot_UnknownMeeting(uint256 id);

    /// @notice Thrown when a meeting is not at a stage for that.
    error Ballot_NotAt(uint256 id, Stage stage);

    /// @notice Thrown when the caller is neither owner nor agent of the token.
    error Ballot_NotOwnerOrAgent(address caller, address token);

    /// @notice Thrown when the record closes after votes would be taken, or was cancelled.
    error Ballot_RecordNotClosed(uint256 recordId, uint256 closesAt, uint256 opensAt);

    /// @notice Thrown when a meeting would close before it opens, or open in the past.
    error Ballot_TimesOutOfOrder(uint256 earlier, uint256 later);

    /// @notice Thrown when a meeting would be over later than 400 days from now: a time in milliseconds is refused.
    error Ballot_TooFar(uint256 closesAt, uint256 limit);

    /// @notice Thrown when a quorum is more than everybody, in hundredths of a percent.
    error Ballot_QuorumTooHigh(uint256 quorumBps, uint256 limit);

    /// @notice Thrown when a resolution could never be carried, or would be without one share for it.
    error Ballot_WrongThreshold(uint256 resolution, uint256 thresholdBps, bool inclusive);

    /// @notice Thrown when there is no resolution, or there are more than the limit.
    error Ballot_WrongResolutions(uint256 given, uint256 limit);

    /// @notice Thrown when more accounts are excluded than a vote could afford to look through.
    error Ballot_TooManyExcluded(uint256 given, uint256 limit);

    /// @notice Thrown when the holder had no shares at the record, or is excluded.
    error Ballot_NoShares(uint256 id, address holder);

    /// @notice Thrown when a voter is neither the claimant of the holder nor the proxy that the claimant appointed.
    error Ballot_NotVoter(address holder, address voter);

    /// @notice Thrown when somebody appoints who is not the claimant of the holder.
    error Ballot_NotClaimant(address holder, address given, address claimant);

    /// @notice Thrown when nobody votes for the holder while its wallet is frozen, as the terms ask.
    error Ballot_Held(address token, address holder);

    /// @notice Thrown when a proxy would vote after the claimant has.
    error Ballot_ClaimantVoted(address holder, address claimant);

    /// @notice Thrown when a version is not later than the last one of its signer.
    error Ballot_OldVersion(uint256 version, uint256 last);

    /// @notice Thrown when a version is later than now.
    error Ballot_FutureVersion(uint256 version, uint256 presentTime);

    /// @notice Thrown when somebody has not signed, neither by key nor by ERC-1271.
    error Ballot_NotSigned(address signer);

    /// @notice Thrown when there is a choice for a resolution that is none, or one that is neither of the three.
    error Ballot_WrongChoices(uint256 choices, uint256 resolutions);

    /// @notice Thrown when a split vote has no part, more than the limit, or an empty one.
    error Ballot_WrongParts(uint256 parts, uint256 limit);

    /// @notice Thrown when the parts of a split vote have more shares than the holder.
    error Ballot_PartsExceedShares(uint256 inParts, uint256 shares);

    /// @notice Thrown when a split vote would be replaced, and what is brought are not its parts.
    error Ballot_WrongBefore(address holder, bytes32 given, bytes32 expected);

    /// @notice Thrown when the arguments of a batch differ in length.
    error Ballot_LengthMismatch(uint256 votes, uint256 signatures, uint256 before);

    /// @notice Thrown when a part of the shares is set, in hundredths of a percent, by somebody who does not own the token.
    error Ballot_NotTokenOwner(address caller, address token);

    /// @notice Thrown when the part of the shares that convenes a meeting would be more than all.
    error Ballot_RequisitionTooHigh(uint256 requisitionBps, uint256 limit);

    /// @notice Thrown when the token's owner has not let holders convene meetings.
    error Ballot_NoRequisition(address token);

    /// @notice Thrown when the holders that requisition are not in ascending order: so none counts twice.
    error Ballot_NotAscending(address holder, address before);

    /// @notice Thrown when the holders that requisition have too few shares.
    error Ballot_RequisitionTooSmall(uint256 shares, uint256 needed);

    /// @notice Thrown when holders would convene a second meeting by the same signatures, or the issuer would cancel one
    /// that holders have convened.
    error Ballot_Requisitioned(bytes32 digest);

    /// @notice Thrown when a proxy would be the holder's own claimant, or a wallet that was lost.
    error Ballot_InvalidProxy(address proxy);

    /// @notice Convenes a meeting. The owner or an agent of the token calls. Refuses a record that does not close
    /// before `opensAt`, and terms that contradict each other.
    /// @return id The new meeting's id; ids run from 1
    function convene(Terms calldata terms) external returns (uint256 id);

    /// @notice Sets which part of a token's shares convenes a meeting by signatures. The owner of the token calls.
    /// @param requisitionBps In hundredths of a percent of the supply at the meeting's record; 0 for none, as at first
    function setRequisition(address token, uint16 requisitionBps) external;

    /// @notice Convenes a meeting that holders have signed for. Anyone may call, once its record has closed. Refuses terms
    /// that exclude anybody, terms by which a meeting was convened already, and what `convene` refuses.
    /// @param holders Holders of record, in ascending order
    /// @param signatures Of `digestOfTerms(terms)`, by the claimant of each
    /// @return id The new meeting's id
    function requisition(
        Terms calldata terms,
        address[] calldata holders,
        bytes[] calldata signatures
    ) external returns (uint256 id);

    /// @notice Cancels a meeting before it opens. The owner or an agent of the token calls. Afterwards nobody can. Refuses
    /// one that holders have convened.
    /// @param documentHash Hash of the notice, or zero
    function cancel(uint256 id, bytes32 documentHash) external;

    /// @notice Casts or changes the vote of `holder`, all shares alike. Its claimant or proxy calls, from `opensAt`
    /// to `closesAt`. Refuses a proxy after the claimant, and to replace a split vote (`voteSplit` does).
    /// @param choices Two bits for each resolution, the first one lowest: 0 abstains, 1 is for it, 2 against it
    function vote(uint256 id, address holder, uint128 choices) external;

    /// @notice Casts or changes the vote of `holder`, in parts. Its claimant or proxy calls, from `opensAt` to
    /// `closesAt`. Shares in no part are not present. Refuses a proxy after the claimant, and more shares than the
    /// holder had.
    /// @param parts At most 256; one part of all shares ends a split
    /// @param before The parts of the vote that is replaced, if it is split; else none
    function voteSplit(uint256 id, address holder, Part[] calldata parts, Part[] calldata before) external;

    /// @notice Takes signed votes. Anyone may bring them, from `opensAt` to `closesAt` of their meeting. One that
    /// cannot be taken is reported (`Skipped`), and the others go on.
    /// @param votes In whatever order; of one voter, ascending versions, since an older one is skipped after a later
    /// @param signatures Of `digestOf(vote)` each: of a key (65 bytes r, s, v) or whatever the wallet contract wants
    /// @param before For each, the parts of the vote that it replaces, if that is split; else none
    /// @return cast How many were taken
    function castMany(
        Vote[] calldata votes,
        bytes[] calldata signatures,
        Part[][] calldata before
    ) external returns (uint256 cast);

    /// @notice Appoints who may vote for `holder` in this meeting beside its claimant; zero dismisses. The claimant
    /// calls, before `closesAt` has passed. Takes the place of an earlier appointment.
    function appoint(uint256 id, address holder, address proxy) external;

    /// @notice The same, as the claimant has signed it. Anyone may bring it, before `closesAt` has passed. Refuses a
    /// version that is not later than that of the claimant's last appointment, or later than now.
    /// @param signature Of `digestOfAppointment(appointment)`
    function appointFor(Appointment calldata appointment, bytes calldata signature) external;

    /// @notice Declares the result, once, for ever. Anyone may call, after `closesAt`.
    function declare(uint256 id) external returns (Tally memory result);

    /// @notice How a meeting stands; its result after `closesAt`. Refuses before the record has closed.
    function tally(uint256 id) external view returns (Tally memory);

    /// @notice Meetings convened so far; their ids are 1 to `meetingCount()`.
    function meetingCount() external view returns (uint256);

    /// @notice The terms of a meeting.
    function termsOf(uint256 id) external view returns (Terms memory);

    /// @notice How far a meeting is.
    function stageOf(uint256 id) external view returns (Stage);

    /// @notice Shares that `holder` votes with: what it had at the record, 0 if it is excluded. Refuses before the
    /// record has closed.
    function sharesOf(uint256 id, address holder) external view returns (uint256);

    /// @notice Who votes for `holder`: its claimant, and the claimant's proxy, zero for none or while that wallet is lost.
    /// Both are zero while nobody votes for it, by the terms.
    function votersOf(uint256 id, address holder) external view returns (address claimant, address proxy);

    /// @notice The vote of `holder` as it stands.
    function voteOf(uint256 id, address holder) external view returns (Cast memory);

    /// @notice The last version of a vote that was taken of `voter` for `holder`; 0 for none.
    function versionOf(uint256 id, address holder, address voter) external view returns (uint48);

    /// @notice What stands in the way of a vote of `voter` for `holder` that it would send now, of whatever choices.
    /// @dev Never reverts for a meeting that is known. `None` if and only if `vote` would succeed in this block with
    /// choices that are valid, or `voteSplit` if the present vote is split.
    function obstacleTo(uint256 id, address holder, address voter) external view returns (Obstacle);

    /// @notice Which part of a token's shares convenes a meeting, in hundredths of a percent; 0 if holders cannot.
    function requisitionOf(address token) external view returns (uint16);

    /// @notice What a voter signs, on this chain and for this contract (EIP-712; ERC-5267 reports the domain).
    function digestOf(Vote calldata signedVote) external view returns (bytes32);

    /// @notice What a claimant signs to appoint.
    function digestOfAppointment(Appointment calldata appointment) external view returns (bytes32);

    /// @notice What holders sign to convene a meeting.
    function digestOfTerms(Terms calldata terms) external view returns (bytes32);
}
