// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {IReinvestment} from "../income/IReinvestment.sol";

/// @title PrimaryReinvestment
/// @notice Sells an issuer's shares at a fixed price for income that holders reinvest. The issuer puts shares in by an
/// ordinary transfer, and is paid at once; what is left of the income, less than the price of the smallest unit while there
/// are shares enough, goes to the holder in the same transaction.
///
/// The signed data is `abi.encode(uint256 minimumShares)`: with fewer than that, the holder keeps its income.
/// @dev Shares that wait here earn at a record like any others: exclude this contract, or let the issuer declare later. A
/// token with rules must know this contract as a holder.
contract PrimaryReinvestment is IReinvestment {
    using SafeERC20 for IERC20;

    /// @notice The relayer that is believed when it says that money has come.
    address public immutable relayer;

    /// @notice Who puts the shares in, takes the price, and takes back what is unsold.
    address public immutable issuer;

    /// @notice The shares.
    IERC20 public immutable shares;

    /// @notice What they are sold for; zero for the native coin.
    address public immutable currency;

    /// @notice The price of one whole share, in the currency's smallest unit.
    uint256 public immutable price;

    uint256 private immutable WHOLE;

    /// @notice `amount` shares went to `receiver` for `cost`.
    event Sold(address indexed receiver, uint256 amount, uint256 cost);

    /// @notice Thrown when somebody else than the relayer says that money has come.
    error PrimaryReinvestment_NotRelayer(address caller, address relayer);

    /// @notice Thrown when the income is in another currency than the price.
    error PrimaryReinvestment_WrongCurrency(address given, address expected);

    /// @notice Thrown when the income buys fewer shares than its holder accepts, or there are too few left.
    error PrimaryReinvestment_TooFewShares(uint256 amount, uint256 minimum);

    /// @notice Thrown when somebody else than the issuer takes shares back.
    error PrimaryReinvestment_NotIssuer(address caller, address issuer);

    /// @notice Thrown when the price is nothing.
    error PrimaryReinvestment_NoPrice(uint256 price);

    // Zero as currency is the native coin; any other address that is wrong sells nothing.
    // slither-disable-next-line missing-zero-check
    constructor(address relayer_, address issuer_, address shares_, address currency_, uint256 price_) {
        if (price_ == 0) revert PrimaryReinvestment_NoPrice(price_);
        (relayer, issuer, shares, currency, price) = (relayer_, issuer_, IERC20(shares_), currency_, price_);
        WHOLE = 10 ** IERC20Metadata(shares_).decimals();
    }

    receive() external payable {}

    /// @inheritdoc IReinvestment
    function onIncome(
        address receiver,
        address currency_,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4 done) {
        if (msg.sender != relayer) revert PrimaryReinvestment_NotRelayer(msg.sender, relayer);
        if (currency_ != currency) revert PrimaryReinvestment_WrongCurrency(currency_, currency);
        uint256 minimum = abi.decode(data, (uint256));
        uint256 bought = _affordableDown(amount);
        uint256 stock = shares.balanceOf(address(this));
        if (bought > stock) bought = stock;
        if (bought < minimum) revert PrimaryReinvestment_TooFewShares(bought, minimum);

        uint256 cost = _costUp(bought);
        emit Sold(receiver, bought, cost);
        if (bought != 0) shares.safeTransfer(receiver, bought);
        _pay(issuer, cost);
        _pay(receiver, amount - cost);
        return IReinvestment.onIncome.selector;
    }

    /// @notice Takes unsold shares back. Issuer only.
    function takeBack(uint256 amount) external {
        if (msg.sender != issuer) revert PrimaryReinvestment_NotIssuer(msg.sender, issuer);
        shares.safeTransfer(issuer, amount);
    }

    /// @dev The most that `amount` pays for. Rounded down, so that its cost, rounded up, is never more than `amount`.
    function _affordableDown(uint256 amount) private view returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, WHOLE, price);
    }

    function _costUp(uint256 bought) private view returns (uint256) {
        return FixedPointMathLib.fullMulDivUp(bought, price, WHOLE);
    }

    function _pay(address to, uint256 amount) private {
        if (amount == 0) return;
        if (currency == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(currency).safeTransfer(to, amount);
    }
}
