// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WilfulCurrency} from "./WilfulCurrency.sol";

/// @title AntiqueCurrency
/// @notice A currency older than the standards: its names are 32 bytes each, as MKR's are, and its permit gives all or
/// nothing, as DAI's does.
contract AntiqueCurrency is WilfulCurrency {
    bytes32 public constant name = "Antique";
    bytes32 public constant symbol = "ANT";

    error AntiqueCurrency_Expired(uint256 expiry);

    /// @notice Gives `spender` everything or nothing of the holder's. It would check a signature if this were no test.
    function permit(
        address holder,
        address spender,
        uint256,
        uint256 expiry,
        bool allowed,
        uint8,
        bytes32,
        bytes32
    ) external {
        if (expiry != 0 && block.timestamp > expiry) revert AntiqueCurrency_Expired(expiry);
        allowance[holder][spender] = allowed ? type(uint256).max : 0;
    }
}
