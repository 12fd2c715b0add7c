// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title LedgerModel
/// @notice The rules by which `ShareLedger` moves shares, on a model of two accounts, for any sequence of calls.
/// @dev Not the contract: that is larger than the compiler's model checker can follow. The names are the contract's.
contract LedgerModel {
    uint256 private constant MAX_SUPPLY = type(uint96).max;

    uint256 private _first;
    uint256 private _second;
    uint256 private _supply;

    // A function for each direction: the checker follows a choice within one only by luck.

    /// @notice `_move`: no more than is held.
    function move(uint256 amount) external {
        require(amount <= _first);
        _first -= amount;
        _second += amount;
    }

    /// @notice `_move`, the other way.
    function moveBack(uint256 amount) external {
        require(amount <= _second);
        _second -= amount;
        _first += amount;
    }

    /// @notice `_growSupply` and `_create`.
    function createFirst(uint256 amount) external {
        require(amount <= MAX_SUPPLY - _supply);
        _supply += amount;
        _first += amount;
    }

    /// @notice The same for the other account.
    function createSecond(uint256 amount) external {
        require(amount <= MAX_SUPPLY - _supply);
        _supply += amount;
        _second += amount;
    }

    /// @notice `_destroy`.
    function destroyFirst(uint256 amount) external {
        require(amount <= _first);
        _first -= amount;
        _supply -= amount;
    }

    /// @notice The same for the other account.
    function destroySecond(uint256 amount) external {
        require(amount <= _second);
        _second -= amount;
        _supply -= amount;
    }

    /// @notice After any sequence of calls the balances add up to the supply, which is below 2^96. (Law 6)
    function balancesAddUp() external view {
        assert(_first + _second == _supply && _supply <= MAX_SUPPLY);
    }
}

/// @title MarkModel
/// @notice The rule by which a distribution is marked before it is paid, for any sequence of claims.
contract MarkModel {
    bool private _marked;
    uint256 private _payments;

    function claim() external {
        if (_marked) return;
        _marked = true;
        _payments += 1;
    }

    /// @notice After any sequence of claims a holder has been paid once at most. (Law 4)
    function paidOnceAtMost() external view {
        assert(_payments <= 1);
    }
}

/// @title ControlModel
/// @notice The same without the rule, to show that the checker can say no.
contract ControlModel {
    uint256 private _payments;

    function claim() external {
        if (_payments < 3) _payments += 1;
    }

    /// @notice False: after any sequence of unmarked claims a holder has been paid once at most.
    function controlPaidOnceAtMost() external view {
        assert(_payments <= 1);
    }
}
