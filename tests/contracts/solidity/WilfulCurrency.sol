// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ambush} from "./Ambush.sol";

/// @title WilfulCurrency
/// @notice A currency that moves, answers and tells its balances as the test says, and can change its nature at any
/// time, as one behind a proxy can.
/// @dev It has no name and no decimals. Whatever else it is asked burns all the gas that comes with the question, so
/// that nobody can ask unnoticed. Balances are kept in grains, many to a unit, so that they can grow and shrink by
/// themselves and still be exact.
contract WilfulCurrency is Ambush {
    enum Answer {
        Yes,
        Nothing,
        No,
        Two,
        Short,
        Long,
        Megabyte,
        MegabyteAsReason,
        Burning
    }

    enum Movement {
        Exact,
        Nothing,
        OneLess,
        OneMore
    }

    enum Telling {
        Truth,
        Double,
        Reverting,
        Burning,
        Late
    }

    /// @param answer What a movement returns
    /// @param movement What moves
    /// @param telling What is said of balances
    /// @param fee What a movement costs, in basis points of it
    /// @param feeOnTop Whether the giver pays the fee, and not the receiver
    /// @param paused Whether nothing moves
    /// @param quiet Whether a blocked account is answered no, and not refused
    /// @param refusesZero Whether nothing cannot be moved
    /// @param maxMeansAll Whether the largest amount stands for all that the giver has
    /// @param approvesFromZero Whether an allowance can be changed to zero and from zero only
    /// @param flashes Whether units are made and destroyed again in the middle of a movement
    /// @param callsAfter Whether the prepared call is made after the movement, and not before
    /// @param limit The most that one movement can move; 0 for no limit
    /// @param hunger Gas that each movement burns on purpose
    /// @param grains Grains to a unit
    struct Nature {
        Answer answer;
        Movement movement;
        Telling telling;
        uint256 fee;
        bool feeOnTop;
        bool paused;
        bool quiet;
        bool refusesZero;
        bool maxMeansAll;
        bool approvesFromZero;
        bool flashes;
        bool callsAfter;
        uint256 limit;
        uint256 hunger;
        uint256 grains;
    }

    uint256 private constant MEGABYTE = 1_000_000;
    uint256 private constant FLASH = 2 ** 190;

    mapping(address account => uint256) public grainsOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;
    mapping(address account => bool) public blocked;

    Nature private _nature;

    /// @dev Whether anything has moved since its nature changed.
    bool private _moved;

    error WilfulCurrency_Paused();
    error WilfulCurrency_Blocked(address account);
    error WilfulCurrency_Nothing();
    error WilfulCurrency_OverLimit(uint256 amount, uint256 limit);
    error WilfulCurrency_TooFew(uint256 available, uint256 asked);
    error WilfulCurrency_ApprovedAlready(uint256 allowed);
    error WilfulCurrency_NoBalances();

    fallback() external {
        _burn();
    }

    /// @notice Changes its nature.
    function become(Nature calldata nature) external {
        _nature = nature;
        _moved = false;
    }

    /// @notice Blocks an account, or frees it.
    function setBlocked(address account, bool on) external {
        blocked[account] = on;
    }

    /// @notice Makes `amount` units for `to`.
    function mint(address to, uint256 amount) external {
        grainsOf[to] += amount * _nature.grains;
    }

    /// @notice Lets `spender` take `amount` of the caller's.
    function approve(address spender, uint256 amount) external {
        uint256 allowed = allowance[msg.sender][spender];
        if (_nature.approvesFromZero && allowed != 0 && amount != 0) revert WilfulCurrency_ApprovedAlready(allowed);
        allowance[msg.sender][spender] = amount;
    }

    /// @notice Moves the caller's.
    function transfer(address to, uint256 amount) external returns (bool) {
        _pay(msg.sender, to, amount);
    }

    /// @notice Moves what the owner allowed.
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        Nature memory nature = _nature;
        if (nature.maxMeansAll && amount == type(uint256).max) amount = grainsOf[from] / nature.grains;
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < amount) revert WilfulCurrency_TooFew(allowed, amount);
        allowance[from][msg.sender] = allowed - amount;
        _pay(from, to, amount);
    }

    /// @notice Moves for another contract that is this currency, too.
    function moveFor(address from, address to, uint256 amount) external returns (bool) {
        _pay(from, to, amount);
    }

    /// @notice What an account has, as far as one can believe it.
    function balanceOf(address account) external view returns (uint256) {
        Telling telling = _nature.telling;
        if (telling == Telling.Reverting) revert WilfulCurrency_NoBalances();
        if (telling == Telling.Late && !_moved) revert WilfulCurrency_NoBalances();
        if (telling == Telling.Burning) _burn();
        uint256 worth = grainsOf[account] / _nature.grains;
        return telling == Telling.Double ? 2 * worth : worth;
    }

    function _pay(address from, address to, uint256 amount) private {
        Nature memory nature = _nature;
        if (nature.paused) revert WilfulCurrency_Paused();
        if (nature.quiet && (blocked[from] || blocked[to])) _answer(Answer.No);
        if (blocked[from]) revert WilfulCurrency_Blocked(from);
        if (blocked[to]) revert WilfulCurrency_Blocked(to);
        if (nature.refusesZero && amount == 0) revert WilfulCurrency_Nothing();
        if (nature.limit != 0 && amount > nature.limit) revert WilfulCurrency_OverLimit(amount, nature.limit);
        if (nature.hunger != 0) _eat(nature.hunger);

        if (nature.flashes) grainsOf[msg.sender] += FLASH;
        if (!nature.callsAfter) _spring();
        if (nature.movement != Movement.Nothing) _move(nature, from, to, amount);
        if (nature.callsAfter) _spring();
        if (nature.flashes) grainsOf[msg.sender] -= FLASH;
        _answer(nature.answer);
    }

    function _move(Nature memory nature, address from, address to, uint256 amount) private {
        if (nature.movement == Movement.OneLess) --amount;
        if (nature.movement == Movement.OneMore) ++amount;
        uint256 fee = (amount * nature.fee) / 10_000;
        uint256 leaves = (nature.feeOnTop ? amount + fee : amount) * nature.grains;
        if (grainsOf[from] < leaves) revert WilfulCurrency_TooFew(grainsOf[from], leaves);
        grainsOf[from] -= leaves;
        grainsOf[to] += (nature.feeOnTop ? amount : amount - fee) * nature.grains;
        _moved = true;
    }

    function _eat(uint256 hunger) private view {
        uint256 enough = gasleft() - hunger;
        while (gasleft() > enough) {}
    }

    function _burn() private pure {
        assembly ("memory-safe") {
            invalid()
        }
    }

    /// @dev Ends the call.
    function _answer(Answer answer_) private pure {
        assembly {
            mstore(0, 1)
            // The order of `Answer`.
            switch answer_
            case 0 {
                return(0, 32)
            }
            case 1 {
                return(0, 0)
            }
            case 3 {
                mstore(0, 2)
                return(0, 32)
            }
            case 4 {
                return(0, 31)
            }
            case 5 {
                return(0, MEGABYTE)
            }
            case 7 {
                revert(0, MEGABYTE)
            }
            case 8 {
                invalid()
            }
            mstore(0, 0)
            switch answer_
            case 2 {
                return(0, 32)
            }
            default {
                return(0, MEGABYTE)
            }
        }
    }
}
