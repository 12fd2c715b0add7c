// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lens
/// @notice Puts many questions to many contracts in one call, and hands the answers back as they came.
/// @dev A question is 20 bytes of address, 2 of length, and as many of calldata; length 0xffff asks for the address's
/// native coin. An answer is one byte, 1 for an answer and 0 for a refusal, and what came back; or the 32 bytes of a
/// balance. Any calldata is questions, so that nothing has to be encoded around them.
contract Lens {
    fallback() external {
        assembly {
            // A question is put together at 0, the answers behind it; no question here is longer.
            let answers := 0x400
            let end := answers
            let at := 0
            for {} lt(at, calldatasize()) {} {
                let head := calldataload(at)
                let asked := shr(96, head)
                let size := and(shr(80, head), 0xffff)
                at := add(at, 22)
                if eq(size, 0xffff) {
                    mstore(end, balance(asked))
                    end := add(end, 0x20)
                    continue
                }
                calldatacopy(0, at, size)
                at := add(at, size)
                mstore8(end, staticcall(gas(), asked, 0, size, 0, 0))
                returndatacopy(add(end, 1), 0, returndatasize())
                end := add(add(end, 1), returndatasize())
            }
            return(answers, sub(end, answers))
        }
    }
}
