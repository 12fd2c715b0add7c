// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What a claim reads and writes, where it lies, and how wide it is. Assembly and Solidity read the same constants.
//
// Terms of one distribution (`TermsLib`). They are the code of a contract of their own behind a STOP byte, four words,
// and behind them the tail if there is one. In memory the id stands before them. From the lowest bit up:
//
//     0x00  id
//     0x20  asset       token     160 | series      32 | index      32 | recordId 32
//     0x40  payment     currency  160 | payableFrom 48 | lastSecond 48
//     0x60  division    amount    160 | eligible    96
//     0x80  origin      declarer  160 | carriedIn   48 | progress field 40 | kind 3 | flags 5
//
// Progress of the distributions of one series (`ProgressLib`): fields behind each other, none over the end of a slot.
//
//     slot of progress  | lost | settled | lost | settled |  ...       from the right
//     progress field    width of `settled` 8 | shift in the slot 8 | slot of the series 24
//
// Claimed bits of one holder (`PayeeAndClaimsLib`): one for each distribution of a series, by its index, in windows. The
// first 64 are window 0, which has the upper bits of a slot; every later one has 256 and a slot of its own.
//
//     holder's file     payee     160 | home        32 | window 0 of the home 64
//     other slots       window 0: unused 192 | bits 64      window 1, 2, ...: bits 256
//
// A claim batch (`ClaimBatchLib`): what several distributions of one series change for one holder. Its fields are those
// of the struct; behind them the event's data grows.
//
//     data - 0x60  payee
//     data - 0x40  0x40, where the list begins
//     data - 0x20  how many settlements
//     data         id | gross | tax     of the first settlement
//     data + 0x60  id | gross | tax     of the second
//     end          where the next one will be

// ------------------------------------------------------------------------------- terms

uint256 constant TERMS_BYTES = 0xa0;
uint256 constant TERMS_ASSET = 0x20;
uint256 constant TERMS_PAYMENT = 0x40;
uint256 constant TERMS_ORIGIN = 0x80;
uint256 constant TERMS_CODE_BYTES = 0x80;
uint256 constant SERIES_AT = 160;
uint256 constant INDEX_AT = 192;
uint256 constant RECORD_AT = 224;
uint256 constant PAYABLE_FROM_AT = 160;
uint256 constant LAST_SECOND_AT = 208;
uint256 constant ELIGIBLE_AT = 160;
uint256 constant CARRIED_IN_AT = 160;
uint256 constant PROGRESS_FIELD_AT = 208;
uint256 constant KIND_AT = 248;

// Of the word `origin`, the part of the progress field that says which slot of the series it is in.
uint256 constant PROGRESS_SLOT_MASK = 0xffffff << 224;

uint256 constant MASK_3 = 0x7;
uint256 constant MASK_32 = 0xffffffff;
uint256 constant MASK_40 = 0xffffffffff;
uint256 constant MASK_48 = 0xffffffffffff;

// ------------------------------------------------------------------------- claimed bits

uint256 constant HOME_AT = 160;
uint256 constant WINDOW_ZERO_AT = 192;

// ------------------------------------------------------------------------- claim batch

uint256 constant DATA_HEAD_BYTES = 0x60;
uint256 constant SETTLEMENT_BYTES = 0x60;
