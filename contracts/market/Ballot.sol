// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {MemoryLib} from "../libraries/MemoryLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {MAX_RESOLUTIONS, MeetingTermsLib} from "./MeetingTermsLib.sol";
import {VoteCountLib} from "./VoteCountLib.sol";
import {VoteLib} from "./VoteLib.sol";
import {IBallot} from "./IBallot.sol";

/// @title Ballot
/// @notice Counts the votes of holders of record as they come in. `IBallot` is the specification.
/// @dev Promise: what is counted is, for each holder, the last vote that its claimant cast, or else its proxy, with the
/// shares that the record says. Whatever replaces a vote takes it out of the sums first.
///
/// A holder has one slot at a meeting, whoever votes for it, and a resolution one slot for its sums. Nothing here calls
/// what could call back and write: tokens and wallets are only asked.
contract Ballot is IBallot, EIP712 {
    /// @dev How a meeting has ended, if not by time.
    enum End {
        None,
        Cancelled,
        Declared
    }

    /// @dev The vote of a holder, in one slot.
    /// @param body What all shares choose; or, if the vote is split, the shares in its parts
    /// @param version Its version; zero if there is no vote
    /// @param isExcluded Whether the holder neither votes nor counts
    /// @param isSplit Whether there are parts, whose hash is in `partsHashes`
    /// @param byProxy Whether a proxy cast it
    /// @param byOther Whether somebody else than the holder cast it, who is in `voters`
    struct Standing {
        uint128 body;
        uint48 version;
        bool isExcluded;
        bool isSplit;
        bool byProxy;
        bool byOther;
    }

    /// @dev Whom a claimant lets vote, in one slot.
    struct Proxy {
        address account;
        uint48 version;
    }

    /// @dev A meeting. The first two slots are all that a vote needs of the terms.
    /// @param sums For each resolution, as `VoteCountLib` has them
    /// @param pastVersions The last version of a voter whose vote was replaced by another voter's
    struct Meeting {
        address token;
        uint48 opensAt;
        uint48 closesAt;
        uint128 present;
        uint64 recordId;
        uint8 resolutions;
        bool frozenMayNotVote;
        End end;
        bool byRequisition;
        address terms;
        uint256[MAX_RESOLUTIONS] sums;
        mapping(address holder => Standing) standings;
        mapping(address holder => address) voters;
        mapping(address holder => bytes32) partsHashes;
        mapping(address holder => mapping(address voter => uint48)) pastVersions;
        mapping(address holder => mapping(address claimant => Proxy)) proxies;
    }

    /// @dev Who votes for whom, as found for one vote; and what the meeting says, read once.
    /// @param weight Shares of the holder at the record
    /// @param last The last version of a vote of this voter
    /// @param wasVoter Who cast the present vote; zero for nobody
    struct Seat {
        uint256 id;
        address holder;
        address voter;
        uint48 version;
        uint48 last;
        bool byProxy;
        uint256 weight;
        address claimant;
        address wasVoter;
        Standing was;
        address token;
        uint256 recordId;
        uint256 resolutions;
        bool frozenMayNotVote;
    }

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IBallot
    uint256 public meetingCount;

    mapping(uint256 id => Meeting) private _meetings;
    mapping(bytes32 digest => bool) private _convened;

    /// @inheritdoc IBallot
    mapping(address token => uint16) public requisitionOf;

    // ------------------------------------------------------------------- meetings

    /// @inheritdoc IBallot
    function convene(Terms calldata terms) external returns (uint256 id) {
        _requireOwnerOrAgent(terms.token);
        id = _convene(terms);
    }

    /// @inheritdoc IBallot
    function setRequisition(address token, uint16 requisitionBps) external {
        if (requisitionBps > VoteCountLib.WHOLE) {
            revert Ballot_RequisitionTooHigh(requisitionBps, VoteCountLib.WHOLE);
        }
        if (msg.sender != Ownable(token).owner()) revert Ballot_NotTokenOwner(msg.sender, token);
        requisitionOf[token] = requisitionBps;
        emit RequisitionSet(token, requisitionBps);
    }

    /// @inheritdoc IBallot
    function requisition(
        Terms calldata terms,
        address[] calldata holders,
        bytes[] calldata signatures
    ) external returns (uint256 id) {
        // Who convenes must not choose who may vote.
        if (terms.excluded.length != 0) revert Ballot_TooManyExcluded(terms.excluded.length, 0);
        bytes32 digest = digestOfTerms(terms);
        if (_convened[digest]) revert Ballot_Requisitioned(digest);
        uint256 eligible = MeetingTermsLib.eligible(terms);
        uint256 shares = _sharesOfSigners(terms, digest, holders, signatures);
        _requireEnough(terms.token, shares, eligible);
        _convened[digest] = true;
        id = _convene(terms);
        _meetings[id].byRequisition = true;
        emit Requisitioned(id, digest, shares, eligible);
    }

    /// @inheritdoc IBallot
    function cancel(uint256 id, bytes32 documentHash) external {
        Meeting storage meeting = _known(id);
        _requireOwnerOrAgent(meeting.token);
        _requireStage(id, meeting, Stage.Convened);
        if (meeting.byRequisition) revert Ballot_Requisitioned(digestOfTerms(termsOf(id)));
        meeting.end = End.Cancelled;
        emit Cancelled(id, documentHash);
    }

    /// @inheritdoc IBallot
    function declare(uint256 id) external returns (Tally memory result) {
        Meeting storage meeting = _known(id);
        _requireStage(id, meeting, Stage.Closed);
        result = _tallyOf(meeting);
        meeting.end = End.Declared;
        emit Declared(id, meeting.token, meeting.recordId, result);
    }

    // ---------------------------------------------------------------------- votes

    /// @inheritdoc IBallot
    function vote(uint256 id, address holder, uint128 choices) external {
        _send(id, holder, choices, _noParts(), _noParts());
    }

    /// @inheritdoc IBallot
    function voteSplit(uint256 id, address holder, Part[] calldata parts, Part[] calldata before) external {
        if (parts.length == 0) revert Ballot_WrongParts(0, VoteLib.MAX_PARTS);
        _send(id, holder, 0, parts, before);
    }

    /// @inheritdoc IBallot
    function castMany(
        Vote[] calldata votes,
        bytes[] calldata signatures,
        Part[][] calldata before
    ) external returns (uint256 cast) {
        if (signatures.length != votes.length || before.length != votes.length) {
            revert Ballot_LengthMismatch(votes.length, signatures.length, before.length);
        }
        uint256 memoryBefore = MemoryLib.free();
        for (uint256 i = 0; i < votes.length; ++i) {
            Vote calldata signed = votes[i];
            Obstacle obstacle = _bring(signed, signatures[i], before[i]);
            if (obstacle == Obstacle.None) ++cast;
            else emit Skipped(signed.id, signed.holder, signed.voter, obstacle);
            MemoryLib.release(memoryBefore);
        }
    }

    // -------------------------------------------------------------------- proxies

    /// @inheritdoc IBallot
    function appoint(uint256 id, address holder, address proxy) external {
        // No clock reaches 48 bits.
        _appoint(_known(id), Appointment(id, holder, msg.sender, proxy, uint48(block.timestamp)));
    }

    /// @inheritdoc IBallot
    function appointFor(Appointment calldata appointment, bytes calldata signature) external {
        Meeting storage meeting = _known(appointment.id);
        _requireSigned(appointment.claimant, digestOfAppointment(appointment), signature);
        _appoint(meeting, appointment);
    }

    // ---------------------------------------------------------------------- views

    /// @inheritdoc IBallot
    function tally(uint256 id) external view returns (Tally memory) {
        return _tallyOf(_known(id));
    }

    /// @inheritdoc IBallot
    function termsOf(uint256 id) public view returns (Terms memory) {
        return MeetingTermsLib.read(_known(id).terms);
    }

    /// @inheritdoc IBallot
    function stageOf(uint256 id) external view returns (Stage) {
        return _stageOf(_meetings[id]);
    }

    /// @inheritdoc IBallot
    function sharesOf(uint256 id, address holder) external view returns (uint256) {
        Meeting storage meeting = _known(id);
        uint256 shares = IRecordToken(meeting.token).balanceOfAt(holder, meeting.recordId);
        return meeting.standings[holder].isExcluded ? 0 : shares;
    }

    /// @inheritdoc IBallot
    function votersOf(uint256 id, address holder) external view returns (address claimant, address proxy) {
        Meeting storage meeting = _known(id);
        address token = meeting.token;
        if (meeting.frozenMayNotVote && _isHeld(token, holder)) return (address(0), address(0));
        claimant = _successorOf(token, holder);
        proxy = meeting.proxies[holder][claimant].account;
        if (_isLost(token, proxy)) proxy = address(0);
    }

    /// @inheritdoc IBallot
    function voteOf(uint256 id, address holder) external view returns (Cast memory cast) {
        Meeting storage meeting = _known(id);
        Standing memory standing = meeting.standings[holder];
        if (standing.version == 0) return cast;
        cast.voter = _voterOf(meeting, holder, standing);
        (cast.byProxy, cast.version) = (standing.byProxy, standing.version);
        if (standing.isSplit) {
            (cast.shares, cast.partsHash) = (standing.body, meeting.partsHashes[holder]);
        } else {
            (cast.shares, cast.choices) = (_weightOf(meeting.token, meeting.recordId, holder), standing.body);
        }
    }

    /// @inheritdoc IBallot
    function versionOf(uint256 id, address holder, address voter) external view returns (uint48) {
        Meeting storage meeting = _known(id);
        Standing memory standing = meeting.standings[holder];
        bool isPresent = voter == _voterOf(meeting, holder, standing);
        return isPresent ? standing.version : meeting.pastVersions[holder][voter];
    }

    /// @inheritdoc IBallot
    function obstacleTo(uint256 id, address holder, address voter) external view returns (Obstacle) {
        return _obstacleTo(_known(id), _seatOf(id, holder, voter, uint48(block.timestamp)));
    }

    /// @inheritdoc IBallot
    function digestOf(Vote calldata signedVote) public view returns (bytes32) {
        return _hashTypedData(VoteLib.hash(signedVote));
    }

    /// @inheritdoc IBallot
    function digestOfAppointment(Appointment calldata appointment) public view returns (bytes32) {
        return _hashTypedData(VoteLib.hash(appointment));
    }

    /// @inheritdoc IBallot
    function digestOfTerms(Terms memory terms) public view returns (bytes32) {
        return _hashTypedData(MeetingTermsLib.hash(terms));
    }

    // ------------------------------------------------------------------ convening

    function _convene(Terms calldata terms) private returns (uint256 id) {
        MeetingTermsLib.check(terms);
        id = ++meetingCount;
        Meeting storage meeting = _meetings[id];
        (meeting.token, meeting.opensAt, meeting.closesAt) = (terms.token, terms.opensAt, terms.closesAt);
        // The terms have been checked: neither is wider.
        (meeting.recordId, meeting.resolutions) = (uint64(terms.recordId), uint8(terms.resolutions.length));
        meeting.frozenMayNotVote = terms.frozenMayNotVote;
        for (uint256 i = 0; i < terms.excluded.length; ++i) {
            meeting.standings[terms.excluded[i]].isExcluded = true;
        }
        emit Convened(id, terms.token, terms.recordId, msg.sender, terms);
        meeting.terms = MeetingTermsLib.write(terms);
    }

    /// @dev The shares of holders whose claimants have all signed, each holder once.
    function _sharesOfSigners(
        Terms calldata terms,
        bytes32 digest,
        address[] calldata holders,
        bytes[] calldata signatures
    ) private view returns (uint256 shares) {
        if (holders.length != signatures.length) {
            revert Ballot_LengthMismatch(holders.length, signatures.length, signatures.length);
        }
        IRecordToken token = IRecordToken(terms.token);
        address earlier = address(0);
        for (uint256 i = 0; i < holders.length; ++i) {
            address holder = holders[i];
            if (holder <= earlier) revert Ballot_NotAscending(holder, earlier);
            _requireSigned(_successorOf(address(token), holder), digest, signatures[i]);
            shares += token.balanceOfAt(holder, terms.recordId);
            earlier = holder;
        }
    }

    function _requireEnough(address token, uint256 shares, uint256 eligible) private view {
        uint256 bps = requisitionOf[token];
        if (bps == 0) revert Ballot_NoRequisition(token);
        // Rounded up: a part of a share is no share.
        uint256 needed = (bps * eligible + VoteCountLib.WHOLE - 1) / VoteCountLib.WHOLE;
        if (shares == 0 || shares < needed) revert Ballot_RequisitionTooSmall(shares, needed);
    }

    // --------------------------------------------------------------------- voting

    /// @dev A vote that is sent; the present second is its version.
    function _send(uint256 id, address holder, uint128 choices, Part[] calldata parts, Part[] calldata before) private {
        Meeting storage meeting = _known(id);
        Seat memory seat = _seatOf(id, holder, msg.sender, uint48(block.timestamp));
        Obstacle obstacle = _obstacleTo(meeting, seat);
        if (obstacle == Obstacle.None) obstacle = _obstacleIn(meeting, seat, choices, parts, before);
        if (obstacle != Obstacle.None) {
            _refuse(obstacle, meeting, seat);
            _refuseContents(obstacle, meeting, seat, choices, parts, before);
        }
        _count(meeting, seat, choices, parts, before);
    }

    /// @dev A vote that was signed, and what stands in its way.
    function _bring(
        Vote calldata signed,
        bytes calldata signature,
        Part[] calldata before
    ) private returns (Obstacle obstacle) {
        Meeting storage meeting = _meetings[signed.id];
        Seat memory seat = _seatOf(signed.id, signed.holder, signed.voter, signed.version);
        obstacle = _obstacleTo(meeting, seat);
        if (obstacle != Obstacle.None) return obstacle;
        if (!SignatureLib.isOf(seat.voter, digestOf(signed), signature)) return Obstacle.NotSigned;
        obstacle = _obstacleIn(meeting, seat, signed.choices, signed.parts, before);
        if (obstacle == Obstacle.None) _count(meeting, seat, signed.choices, signed.parts, before);
    }

    function _seatOf(
        uint256 id,
        address holder,
        address voter,
        uint48 version
    ) private pure returns (Seat memory seat) {
        (seat.id, seat.holder, seat.voter, seat.version) = (id, holder, voter, version);
    }

    /// @dev What stands in the way of any vote at a seat; what is found on the way is written into it.
    function _obstacleTo(Meeting storage meeting, Seat memory seat) private view returns (Obstacle) {
        if (_stageOf(meeting) != Stage.Open) return Obstacle.NotOpen;
        _read(meeting, seat);
        address holder = seat.holder;
        Standing memory was = seat.was = meeting.standings[holder];
        seat.weight = was.isExcluded ? 0 : _weightOf(seat.token, seat.recordId, holder);
        if (seat.weight == 0) return Obstacle.NoShares;
        seat.claimant = _successorOf(seat.token, holder);
        seat.byProxy = seat.voter != seat.claimant;
        if (seat.byProxy && !_isProxy(meeting, seat)) return Obstacle.NotVoter;
        if (seat.frozenMayNotVote && _isHeld(seat.token, holder)) return Obstacle.Held;
        return _obstacleOfVersion(meeting, seat, was);
    }

    /// @dev In two rows, so that each slot is read once.
    function _read(Meeting storage meeting, Seat memory seat) private view {
        seat.token = meeting.token;
        (seat.recordId, seat.resolutions, seat.frozenMayNotVote) = (
            meeting.recordId,
            meeting.resolutions,
            meeting.frozenMayNotVote
        );
    }

    /// @dev The present vote, and the versions of the voter.
    function _obstacleOfVersion(
        Meeting storage meeting,
        Seat memory seat,
        Standing memory was
    ) private view returns (Obstacle) {
        // Nobody has voted for this holder: so there is no version of anybody.
        if (was.version != 0) {
            seat.wasVoter = _voterOf(meeting, seat.holder, was);
            if (seat.byProxy && !was.byProxy && seat.wasVoter == seat.claimant) return Obstacle.ClaimantVoted;
            seat.last = seat.wasVoter == seat.voter ? was.version : meeting.pastVersions[seat.holder][seat.voter];
        }
        if (seat.version <= seat.last) return Obstacle.OldVersion;
        return seat.version > block.timestamp ? Obstacle.FutureVersion : Obstacle.None;
    }

    function _isProxy(Meeting storage meeting, Seat memory seat) private view returns (bool) {
        address voter = seat.voter;
        address proxy = meeting.proxies[seat.holder][seat.claimant].account;
        return voter != address(0) && voter == proxy && !_isLost(seat.token, voter);
    }

    /// @dev What is wrong with a vote, whoever casts it.
    function _obstacleIn(
        Meeting storage meeting,
        Seat memory seat,
        uint128 choices,
        Part[] calldata parts,
        Part[] calldata before
    ) private view returns (Obstacle) {
        if (parts.length == 0) {
            if (VoteCountLib.isWrong(choices, seat.resolutions)) return Obstacle.WrongChoices;
        } else {
            if (VoteLib.areMalformed(parts)) return Obstacle.WrongParts;
            (bool isWrong, ) = VoteLib.findWrong(choices, parts, seat.resolutions);
            if (isWrong) return Obstacle.WrongChoices;
            if (VoteLib.sharesIn(parts) > seat.weight) return Obstacle.WrongParts;
        }
        bool isSame = VoteLib.hashOf(before) == _partsHashOf(meeting, seat);
        return isSame ? Obstacle.None : Obstacle.WrongBefore;
    }

    // ------------------------------------------------------------------- counting

    /// @dev Puts a vote that nothing stands in the way of in the place of the present one.
    function _count(
        Meeting storage meeting,
        Seat memory seat,
        uint128 choices,
        Part[] calldata parts,
        Part[] calldata before
    ) private {
        // One part of all shares is no split.
        if (parts.length == 1 && parts[0].shares == seat.weight) {
            (choices, parts) = (parts[0].choices, _noParts());
        }
        if (parts.length | before.length == 0) _replaceAlike(meeting, seat, choices);
        else _replace(meeting, seat, choices, parts, before);
        bool isSplit = parts.length != 0;
        uint256 shares = isSplit ? VoteLib.sharesIn(parts) : seat.weight;
        _setPresent(meeting, seat, shares);
        if (isSplit || seat.was.isSplit) meeting.partsHashes[seat.holder] = VoteLib.hashOf(parts);
        // Parts have no more shares than the holder, whose weight has at most 128 bits.
        _write(meeting, seat, isSplit ? uint128(shares) : choices, isSplit);
        if (isSplit) emit VotedSplit(seat.id, seat.holder, seat.voter, seat.version, shares, parts);
        else emit Voted(seat.id, seat.holder, seat.voter, seat.version, shares, choices);
    }

    /// @dev Both votes are of all shares, or there was none: only what has changed is written.
    function _replaceAlike(Meeting storage meeting, Seat memory seat, uint256 choices) private {
        uint256 was = seat.was.body;
        uint256 weight = seat.weight;
        uint256[MAX_RESOLUTIONS] storage sums = meeting.sums;
        // Valid choices end before the array does; and what is taken out of a sum is in it.
        unchecked {
            for (uint256 i = 0; was | choices != 0; ++i) {
                // Only where they differ.
                if ((was ^ choices) & 3 != 0) {
                    _replaceAt(sums, i, VoteCountLib.wordOf(was, weight), VoteCountLib.wordOf(choices, weight));
                }
                (was, choices) = (was >> 2, choices >> 2);
            }
        }
    }

    /// @dev One of the votes, or both, has parts.
    function _replace(
        Meeting storage meeting,
        Seat memory seat,
        uint256 choices,
        Part[] calldata parts,
        Part[] calldata before
    ) private {
        uint256[] memory were = new uint256[](seat.resolutions);
        uint256[] memory are = new uint256[](seat.resolutions);
        if (seat.was.isSplit) VoteCountLib.add(were, before);
        else VoteCountLib.addAlike(were, seat.was.body, seat.weight);
        if (parts.length != 0) VoteCountLib.add(are, parts);
        else VoteCountLib.addAlike(are, choices, seat.weight);
        for (uint256 i = 0; i < seat.resolutions; ++i) {
            if (were[i] != are[i]) _replaceAt(meeting.sums, i, were[i], are[i]);
        }
    }

    /// @dev Written out because the compiler would check an index that is known to be within the array.
    function _replaceAt(uint256[MAX_RESOLUTIONS] storage sums, uint256 index, uint256 was, uint256 isNow) private {
        uint256 sum;
        assembly ("memory-safe") {
            sum := sload(add(sums.slot, index))
        }
        sum = VoteCountLib.replaced(sum, was, isNow);
        assembly ("memory-safe") {
            sstore(add(sums.slot, index), sum)
        }
    }

    /// @dev The shares present have 128 bits, or this reverts: so the sums fit theirs.
    function _setPresent(Meeting storage meeting, Seat memory seat, uint256 shares) private {
        uint256 were = 0;
        if (seat.was.version != 0) were = seat.was.isSplit ? seat.was.body : seat.weight;
        // Neither has more than 128 bits.
        if (were != shares) meeting.present = meeting.present - uint128(were) + uint128(shares);
    }

    /// @dev Writes the slot of a holder, and what is known of a voter whose vote is replaced by another's.
    function _write(Meeting storage meeting, Seat memory seat, uint128 body, bool isSplit) private {
        (address holder, address voter) = (seat.holder, seat.voter);
        bool byOther = voter != holder;
        if (seat.wasVoter != voter) {
            if (seat.wasVoter != address(0)) meeting.pastVersions[holder][seat.wasVoter] = seat.was.version;
            if (byOther) meeting.voters[holder] = voter;
        }
        meeting.standings[holder] = Standing({
            body: body,
            version: seat.version,
            isExcluded: false,
            isSplit: isSplit,
            byProxy: seat.byProxy,
            byOther: byOther
        });
    }

    function _tallyOf(Meeting storage meeting) private view returns (Tally memory counted) {
        Terms memory terms = MeetingTermsLib.read(meeting.terms);
        counted.present = meeting.present;
        counted.eligible = MeetingTermsLib.eligible(terms);
        counted.quorate = VoteCountLib.isQuorate(counted.present, terms.quorumBps, counted.eligible);
        counted.results = new Result[](terms.resolutions.length);
        for (uint256 i = 0; i < counted.results.length; ++i) {
            counted.results[i] = VoteCountLib.resultOf(terms.resolutions[i], meeting.sums[i], counted);
        }
    }

    // ----------------------------------------------------------------- appointing

    function _appoint(Meeting storage meeting, Appointment memory appointment) private {
        Stage stage = _stageOf(meeting);
        if (stage != Stage.Convened && stage != Stage.Open) revert Ballot_NotAt(appointment.id, stage);
        (address holder, address claimant) = (appointment.holder, appointment.claimant);
        address successor = _successorOf(meeting.token, holder);
        if (claimant != successor) revert Ballot_NotClaimant(holder, claimant, successor);
        if (meeting.frozenMayNotVote && _isHeld(meeting.token, holder)) revert Ballot_Held(meeting.token, holder);
        address account = appointment.proxy;
        if (account == claimant || _isLost(meeting.token, account)) revert Ballot_InvalidProxy(account);
        Proxy storage proxy = meeting.proxies[holder][claimant];
        uint48 version = appointment.version;
        if (version <= proxy.version) revert Ballot_OldVersion(version, proxy.version);
        if (version > block.timestamp) revert Ballot_FutureVersion(version, block.timestamp);
        (proxy.account, proxy.version) = (account, version);
        emit Appointed(appointment.id, holder, account, claimant, version);
    }

    // ------------------------------------------------------------------- checking

    function _known(uint256 id) private view returns (Meeting storage meeting) {
        meeting = _meetings[id];
        if (meeting.token == address(0)) revert Ballot_UnknownMeeting(id);
    }

    function _requireStage(uint256 id, Meeting storage meeting, Stage stage) private view {
        Stage present = _stageOf(meeting);
        if (present != stage) revert Ballot_NotAt(id, present);
    }

    function _requireOwnerOrAgent(address token) private view {
        (, bool speaks) = TokenRolesLib.isOwnerOrAgent(token, msg.sender);
        if (!speaks) revert Ballot_NotOwnerOrAgent(msg.sender, token);
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureLib.isOf(signer, digest, signature)) revert Ballot_NotSigned(signer);
    }

    /// @dev Reverts for what stands in the way of any vote at a seat. A vote that is sent is never of the future.
    function _refuse(Obstacle obstacle, Meeting storage meeting, Seat memory seat) private view {
        if (obstacle == Obstacle.NotOpen) revert Ballot_NotAt(seat.id, _stageOf(meeting));
        if (obstacle == Obstacle.NoShares) revert Ballot_NoShares(seat.id, seat.holder);
        if (obstacle == Obstacle.NotVoter) revert Ballot_NotVoter(seat.holder, seat.voter);
        if (obstacle == Obstacle.Held) revert Ballot_Held(seat.token, seat.holder);
        if (obstacle == Obstacle.ClaimantVoted) revert Ballot_ClaimantVoted(seat.holder, seat.claimant);
        if (obstacle == Obstacle.OldVersion) revert Ballot_OldVersion(seat.version, seat.last);
    }

    /// @dev Reverts for what is wrong with a vote.
    function _refuseContents(
        Obstacle obstacle,
        Meeting storage meeting,
        Seat memory seat,
        uint128 choices,
        Part[] calldata parts,
        Part[] calldata before
    ) private view {
        if (obstacle == Obstacle.WrongChoices) {
            (, uint256 wrong) = VoteLib.findWrong(choices, parts, seat.resolutions);
            revert Ballot_WrongChoices(wrong, seat.resolutions);
        }
        if (obstacle == Obstacle.WrongBefore) {
            revert Ballot_WrongBefore(seat.holder, VoteLib.hashOf(before), _partsHashOf(meeting, seat));
        }
        if (VoteLib.areMalformed(parts)) revert Ballot_WrongParts(parts.length, VoteLib.MAX_PARTS);
        revert Ballot_PartsExceedShares(VoteLib.sharesIn(parts), seat.weight);
    }

    // --------------------------------------------------------------------- asking

    function _stageOf(Meeting storage meeting) private view returns (Stage) {
        if (meeting.token == address(0)) return Stage.None;
        if (meeting.end != End.None) return meeting.end == End.Declared ? Stage.Declared : Stage.Cancelled;
        if (block.timestamp < meeting.opensAt) return Stage.Convened;
        return block.timestamp > meeting.closesAt ? Stage.Closed : Stage.Open;
    }

    /// @dev What the record says; nothing if it does not answer, or more than can be counted.
    function _weightOf(address token, uint256 recordId, address holder) private view returns (uint256) {
        bytes memory question = abi.encodeCall(IRecordToken.balanceOfAt, (holder, recordId));
        (, uint256 weight) = StaticCallLib.tryAsk(token, question, gasleft());
        return weight > type(uint128).max ? 0 : weight;
    }

    /// @dev The wallet that has taken the place of an account; itself if the token knows no successors. Nobody can choose
    /// the answer by the gas that it sends: where the question ran out of it, a sixty-third of what it had is left, with
    /// which no vote is counted.
    function _successorOf(address token, address account) private view returns (address) {
        bytes memory question = abi.encodeCall(IShareToken.successorOf, (account));
        (bool isKnown, uint256 successor) = StaticCallLib.tryAsk(token, question, gasleft());
        return isKnown && successor != 0 && successor <= type(uint160).max ? address(uint160(successor)) : account;
    }

    function _isLost(address token, address account) private view returns (bool) {
        return account != address(0) && _successorOf(token, account) != account;
    }

    /// @dev Whether the token holds the income of a holder, as while its wallet is frozen.
    function _isHeld(address token, address holder) private view returns (bool) {
        return TokenRolesLib.claimantOf(token, holder) == address(0);
    }

    /// @dev Who cast the present vote; zero for nobody.
    function _voterOf(
        Meeting storage meeting,
        address holder,
        Standing memory standing
    ) private view returns (address) {
        if (standing.version == 0) return address(0);
        return standing.byOther ? meeting.voters[holder] : holder;
    }

    function _partsHashOf(Meeting storage meeting, Seat memory seat) private view returns (bytes32) {
        return seat.was.isSplit ? meeting.partsHashes[seat.holder] : bytes32(0);
    }

    /// @dev Parts of a vote of all shares.
    function _noParts() private pure returns (Part[] calldata none) {
        assembly ("memory-safe") {
            none.offset := 0
            none.length := 0
        }
    }

    /// @inheritdoc EIP712
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("prorata Ballot", "1");
    }
}
