// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {DividendVault} from "../../../../contracts/income/DividendVault.sol";
import {ClaimRelayer} from "../../../../contracts/income/ClaimRelayer.sol";
import {ShareToken} from "../../../../contracts/token/ShareToken.sol";
import {Dollar} from "../../../../contracts/examples/Dollar.sol";
import {IDividendVault} from "../../../../contracts/income/IDividendVault.sol";
import {IClaimRelayer} from "../../../../contracts/income/IClaimRelayer.sol";
import {IShareToken} from "../../../../contracts/token/IShareToken.sol";
import {VM} from "./Vm.sol";

/// @title VaultFacts
/// @notice Facts about the vault's bytecode and its relayer's, for every caller. Each check's notice is its sentence.
/// @dev Shares and amounts are given, because halmos cannot divide by what it does not know: rounding is `arithmetic.py`'s.
contract VaultFacts {
    address private constant ANN = address(0xa11);
    address private constant BEN = address(0xbe11);
    uint256 private constant AMOUNT = 1_000;
    uint256 private constant ANNS = 428; // floor(1000 * 3 / 7)

    /// @dev Where halmos puts its first new contracts; a sheet is 129 bytes of code.
    uint160 private constant FIRST = 0xaaaa0001;
    uint256 private constant SHEET = 129;

    ShareToken private token;
    DividendVault private vault;
    Dollar private dollar;
    uint256 private id;

    function setUp() public {
        VM.warp(1_000_000);
        address[] memory agents = new address[](1);
        agents[0] = address(this);
        token = new ShareToken(
            IShareToken.Terms("Harbour Street 12", "HARB", 0, address(this), address(0), address(0), agents)
        );
        vault = new DividendVault();
        dollar = new Dollar("Rehearsal dollar", "USDR", 6);
        token.mint(ANN, 3);
        token.mint(BEN, 4);
        uint256 recordId = token.scheduleRecord(1_000_000);
        VM.warp(1_000_100);
        dollar.mint(address(this), AMOUNT);
        dollar.approve(address(vault), AMOUNT);
        IDividendVault.Terms memory terms;
        terms.payableFrom = 1_000_200;
        id = vault.declare(address(token), recordId, address(dollar), AMOUNT, terms);
        _placeSheet();
        _placeDesk();
        VM.warp(1_000_200);
    }

    /// @dev halmos gives new contracts addresses of its own; the sheet goes where the EVM would have put it.
    function _placeSheet() private {
        for (uint160 at = FIRST; at < FIRST + 16; ++at) {
            if (address(at).code.length == SHEET) {
                VM.etch(LibRLP.computeAddress(address(vault), id + 1), address(at).code);
                return;
            }
        }
        assert(false);
    }

    /// @dev So does the relayer, which is the one contract that answers for its vault.
    function _placeDesk() private {
        for (uint160 at = FIRST; at < FIRST + 16; ++at) {
            (bool answered, bytes memory said) = address(at).staticcall(abi.encodeCall(IClaimRelayer.vault, ()));
            if (address(at).code.length != 0 && answered && said.length == 32) {
                VM.etch(vault.relayer(), address(at).code);
                return;
            }
        }
        assert(false);
    }

    function _ids() private view returns (uint256[] memory ids) {
        ids = new uint256[](1);
        ids[0] = id;
    }

    // ------------------------------------------------------------------------- claims

    /// @notice Whoever calls, a claim pays the holder its floor and nobody else anything. (Law 1)
    function check_claim_pays_the_holder_alone(address caller, address other) public {
        VM.assume(other != ANN && other != address(vault));
        uint256 before = dollar.balanceOf(other);
        VM.prank(caller);
        uint256 paid = vault.claim(_ids(), ANN);
        assert(paid == 1 && dollar.balanceOf(ANN) == ANNS && dollar.balanceOf(other) == before);
        assert(dollar.balanceOf(address(vault)) == AMOUNT - ANNS);
    }

    /// @notice A second claim pays nothing, whoever calls it. (Law 4)
    function check_second_claim_pays_nothing(address first, address second) public {
        VM.prank(first);
        vault.claim(_ids(), ANN);
        VM.prank(second);
        uint256 paid = vault.claim(_ids(), ANN);
        assert(paid == 0 && dollar.balanceOf(ANN) == ANNS);
    }

    /// @notice A push after a claim pays nothing, whoever calls it. (Law 4)
    function check_push_after_claim_pays_nothing(address first, address second) public {
        VM.prank(first);
        vault.claim(_ids(), ANN);
        address[] memory holders = new address[](1);
        holders[0] = ANN;
        VM.prank(second);
        uint256 paid = vault.push(id, holders);
        assert(paid == 0 && dollar.balanceOf(ANN) == ANNS);
    }

    /// @notice A claim after a push pays nothing, whoever calls it. (Law 4)
    function check_claim_after_push_pays_nothing(address first, address second) public {
        address[] memory holders = new address[](1);
        holders[0] = ANN;
        VM.prank(first);
        vault.push(id, holders);
        VM.prank(second);
        uint256 paid = vault.claim(_ids(), ANN);
        assert(paid == 0 && dollar.balanceOf(ANN) == ANNS);
    }

    /// @notice One distribution named twice in a claim is paid once. (Law 4)
    function check_a_repeated_id_is_paid_once(address caller) public {
        uint256[] memory ids = new uint256[](2);
        (ids[0], ids[1]) = (id, id);
        VM.prank(caller);
        uint256 paid = vault.claim(ids, ANN);
        assert(paid == 1 && dollar.balanceOf(ANN) == ANNS);
    }

    /// @notice An account that held nothing at the record is paid nothing. (Law 8)
    function check_strangers_are_paid_nothing(address stranger) public {
        VM.assume(stranger != ANN && stranger != BEN && stranger != address(0) && stranger != address(token));
        uint256 paid = vault.claim(_ids(), stranger);
        assert(paid == 0 && dollar.balanceOf(address(vault)) == AMOUNT);
    }

    /// @notice When both have been paid, what is left is the unit that rounding lost, and it is carried. (Law 2)
    function check_the_last_claim_carries_the_rest(address caller, bool annFirst) public {
        VM.prank(caller);
        vault.claim(_ids(), annFirst ? ANN : BEN);
        VM.prank(caller);
        vault.claim(_ids(), annFirst ? BEN : ANN);
        assert(dollar.balanceOf(address(vault)) == 1);
        assert(vault.carried(address(token), address(dollar)) == 1);
    }

    /// @notice Nobody is paid before the first second of payment.
    function check_no_claim_before_its_time(address caller, uint48 time) public {
        VM.assume(time >= 1_000_100 && time < 1_000_200);
        VM.warp(time);
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.claim, (_ids(), ANN)));
        assert(!done);
    }

    /// @notice The distributions before the first and after the last do not exist, and pay nobody.
    function check_unknown_distribution_pays_nobody(address caller, bool before) public {
        uint256[] memory ids = new uint256[](1);
        ids[0] = before ? 0 : id + 1;
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.claim, (ids, ANN)));
        assert(!done);
    }

    // ------------------------------------------------------------------------- payees

    /// @notice Only the person to be paid, and the vault's relayer, can send a claim elsewhere. (Law 8)
    function check_only_the_claimant_claims_to(address caller, address receiver) public {
        VM.assume(caller != ANN && caller != vault.relayer());
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.claimTo, (_ids(), ANN, ANN, receiver)));
        assert(!done);
    }

    /// @notice What the claimant sends elsewhere arrives there in full. (Law 8)
    function check_a_claim_to_a_receiver_arrives(address receiver) public {
        VM.assume(receiver != address(vault) && receiver != address(0));
        uint256 before = dollar.balanceOf(receiver);
        VM.prank(ANN);
        vault.claimTo(_ids(), ANN, ANN, receiver);
        assert(dollar.balanceOf(receiver) == before + ANNS);
    }

    /// @notice Nobody can claim to the zero address or to the vault.
    function check_no_claim_to_nobody_or_the_vault(address caller, bool own) public {
        VM.prank(caller);
        address receiver = own ? address(vault) : address(0);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.claimTo, (_ids(), ANN, ANN, receiver)));
        assert(!done);
    }

    /// @notice Nobody can name the vault as payee.
    function check_the_vault_is_nobodys_payee(address caller) public {
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.setPayee, (address(vault))));
        assert(!done);
    }

    /// @notice Who names a payee names its own, and nobody else's.
    function check_a_payee_is_ones_own(address caller, address payee, address other) public {
        VM.assume(payee != address(vault) && payee != address(0) && other != caller);
        VM.prank(caller);
        vault.setPayee(payee);
        assert(vault.payeeOf(caller) == payee && vault.payeeOf(other) == other);
    }

    /// @notice A holder's payee is paid in its stead, and in full.
    function check_a_payee_is_paid(address caller, address payee) public {
        VM.assume(payee != address(vault) && payee != address(0) && payee != ANN);
        uint256 before = dollar.balanceOf(payee);
        VM.prank(ANN);
        vault.setPayee(payee);
        VM.prank(caller);
        vault.claim(_ids(), ANN);
        assert(dollar.balanceOf(payee) == before + ANNS && dollar.balanceOf(ANN) == 0);
    }

    // ------------------------------------------------------------------------- ending

    /// @notice A distribution without a deadline is never swept, whoever calls and whenever.
    function check_no_sweep_without_deadline(address caller, uint48 time) public {
        VM.warp(time);
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.sweep, (id)));
        assert(!done);
    }

    /// @notice A distribution that can be paid is never refunded, to its declarer or anybody.
    function check_no_refund_of_what_can_be_paid(address caller) public {
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.refund, (id)));
        assert(!done);
    }

    /// @notice Nothing is remitted of a distribution without withholding.
    function check_no_remittance_without_tax(address caller) public {
        vault.claim(_ids(), ANN);
        VM.prank(caller);
        (bool done, ) = address(vault).call(abi.encodeCall(vault.remit, (id)));
        assert(!done);
    }

    // ----------------------------------------------------------------------- the relayer

    function _instruction(address receiver) private view returns (IClaimRelayer.PaymentInstruction memory instruction) {
        instruction.holder = ANN;
        instruction.claimant = ANN;
        instruction.ids = _ids();
        instruction.receiver = receiver;
        instruction.validUntil = block.timestamp;
    }

    /// @dev Why the relayer refuses; nothing if it does not.
    function _refusal(
        address caller,
        IClaimRelayer.PaymentInstruction memory instruction
    ) private returns (bytes memory why) {
        address relayer = vault.relayer();
        bool done;
        VM.prank(caller);
        (done, why) = relayer.call(abi.encodeCall(IClaimRelayer.execute, (instruction, new bytes(65))));
        if (done) why = "";
    }

    function _same(bytes memory one, bytes memory other) private pure returns (bool) {
        return keccak256(one) == keccak256(other);
    }

    /// @notice An instruction that has expired is refused for that, whoever brings it. (Law 18)
    function check_an_expired_instruction_is_refused(address caller, address receiver, uint256 validUntil) public {
        VM.assume(validUntil < block.timestamp);
        IClaimRelayer.PaymentInstruction memory instruction = _instruction(receiver);
        instruction.validUntil = validUntil;
        bytes memory expired = abi.encodeWithSelector(
            IClaimRelayer.ClaimRelayer_Expired.selector,
            validUntil,
            block.timestamp
        );
        assert(_same(_refusal(caller, instruction), expired));
    }

    /// @notice An instruction to send money to nobody, to the vault or to the relayer is refused for that. (Law 18)
    function check_no_instruction_loses_money(address caller, bool toVault, bool toDesk) public {
        address receiver =
            toVault
                ? address(vault)
                : toDesk
                    ? vault.relayer()
                    : address(0);
        bytes memory invalid = abi.encodeWithSelector(IClaimRelayer.ClaimRelayer_InvalidReceiver.selector, receiver);
        assert(_same(_refusal(caller, _instruction(receiver)), invalid));
    }

    /// @notice Who cancels a number spends that one of its own, and no other.
    function check_cancelling_spends_one_number(address caller, uint256 nonce, address other, uint256 another) public {
        VM.assume(other != caller || another != nonce);
        ClaimRelayer relayer = ClaimRelayer(vault.relayer());
        VM.prank(caller);
        relayer.cancel(nonce);
        assert(relayer.isSpent(caller, nonce) && !relayer.isSpent(other, another));
    }

    /// @notice A number is spent once.
    function check_no_number_is_spent_twice(address caller, uint256 nonce) public {
        ClaimRelayer relayer = ClaimRelayer(vault.relayer());
        VM.prank(caller);
        relayer.cancel(nonce);
        VM.prank(caller);
        (bool done, ) = address(relayer).call(abi.encodeCall(relayer.cancel, (nonce)));
        assert(!done);
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: a claim pays nobody.
    function check_control_claim_pays_nobody(address caller) public {
        VM.prank(caller);
        vault.claim(_ids(), ANN);
        assert(dollar.balanceOf(ANN) == 0);
    }
}
