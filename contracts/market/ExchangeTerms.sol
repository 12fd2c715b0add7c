// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeTermsLib} from "./ExchangeTermsLib.sol";
import {IExchangeTerms} from "./IExchangeTerms.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title ExchangeTerms
/// @notice Refuses terms of an exchange that contradict each other. A contract of its own because `ShareExchange`, which
/// makes it, has no room for this.
/// @dev Promise: it keeps nothing and calls nobody. Whoever wants to know beforehand asks it as `ShareExchange` does.
contract ExchangeTerms is IExchangeTerms {
    using ExchangeTermsLib for IShareExchange.Terms;

    /// @dev No time of terms lies further ahead: as long as a consent to lock can last.
    uint256 private constant LONGEST = 50 * 365 days;

    /// @inheritdoc IExchangeTerms
    function check(IShareExchange.Terms calldata given, uint256 funding, uint256 lockedShares) external view {
        IShareExchange.Terms memory terms = given;
        if (terms.per == 0) revert IShareExchange.ShareExchange_PerNothing(terms.per);
        _checkAcquirer(terms, lockedShares);
        _checkMoney(terms, funding);
        _checkOther(terms);
        if (terms.mandatory) _checkMandatory(terms);
        _checkTimes(terms);
        if (terms.valuer != address(0)) terms.checkPrice(terms.gets);
    }

    /// @dev Shares are given to somebody or burnt, and only an acquirer in a mandatory exchange keeps any.
    function _checkAcquirer(IShareExchange.Terms memory terms, uint256 lockedShares) private view {
        address acquirer = terms.acquirer;
        bool isWrong =
            acquirer == address(0)
                ? !terms.burns || lockedShares != 0
                : acquirer == msg.sender || acquirer == terms.token || (lockedShares != 0 && !terms.mandatory);
        if (isWrong) revert IShareExchange.ShareExchange_WrongAcquirer(acquirer);
    }

    function _checkMoney(IShareExchange.Terms memory terms, uint256 funding) private view {
        address currency = terms.currency;
        if (currency == terms.token) revert IShareExchange.ShareExchange_WrongCurrency(currency);
        address treasury = terms.treasury;
        if (currency != address(0)) {
            if (treasury == address(0) || treasury == msg.sender) {
                revert IShareExchange.ShareExchange_WrongTreasury(treasury);
            }
            return;
        }
        bool isPaid = (terms.gets | terms.pays | terms.fractionPrice) != 0;
        if (isPaid || funding != 0 || terms.valuer != address(0)) {
            revert IShareExchange.ShareExchange_WrongCurrency(currency);
        }
    }

    function _checkOther(IShareExchange.Terms memory terms) private pure {
        bool isWrong =
            terms.other == address(0)
                ? terms.otherShares != 0 || terms.otherFrom != address(0) || terms.fractionPrice != 0
                : terms.otherShares == 0 || terms.other == terms.token;
        if (isWrong) revert IShareExchange.ShareExchange_WrongOther(terms.other, terms.otherShares);
    }

    function _checkMandatory(IShareExchange.Terms memory terms) private pure {
        if (terms.valuer != address(0) || terms.pays != 0 || terms.dayLimit != 0) {
            revert IShareExchange.ShareExchange_NotForMandatory(terms.valuer, terms.pays, terms.dayLimit);
        }
        if (terms.gets == 0 && terms.otherShares == 0) {
            revert IShareExchange.ShareExchange_GetsNothing(terms.gets, terms.otherShares);
        }
        if (terms.documentHash == 0) revert IShareExchange.ShareExchange_NoDocument(terms.token);
    }

    /// @dev Each time that is set lies ahead and comes after the one before it. An elective exchange may open at once.
    function _checkTimes(IShareExchange.Terms memory terms) private view {
        uint256 last = block.timestamp;
        if (terms.mandatory || terms.opensAt > last) last = _later(last, terms.opensAt);
        if (terms.mandatory || terms.closesAt != 0) last = _later(last, terms.closesAt);
        if (terms.takeUntil != 0) _later(last, terms.takeUntil);
        if ((terms.takeUntil == 0) != (terms.sweepTo == address(0)) || terms.sweepTo == msg.sender) {
            revert IShareExchange.ShareExchange_SweepMismatch(terms.takeUntil, terms.sweepTo);
        }
    }

    function _later(uint256 earlier, uint256 later) private view returns (uint256) {
        if (later <= earlier) revert IShareExchange.ShareExchange_TimesOutOfOrder(earlier, later);
        uint256 limit = block.timestamp + LONGEST;
        if (later > limit) revert IShareExchange.ShareExchange_TooFar(later, limit);
        return later;
    }
}
