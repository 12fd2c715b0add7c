// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BusyWallet
/// @notice A wallet that writes fresh slots whenever it gets the native coin, as one that keeps books of its own does.
contract BusyWallet {
    uint256 public slots;
    uint256 private _next = 1;
    mapping(uint256 index => uint256) private _written;

    constructor(uint256 slots_) {
        slots = slots_;
    }

    receive() external payable {
        for (uint256 i = 0; i < slots; ++i) {
            _written[_next + i] = msg.value;
        }
        _next += slots;
    }
}
