// Package shipping owns shipments: one per parcel, booked at a carrier.
//
// # Do and undo
//
// [Service.Book]/[Service.Cancel]; both act on all parcels of one saga.
//
// # Effects in an external system
//
// No transaction of ours reaches the carrier, so [Outside] works by intent → call →
// outcome, with one shipment row per call:
//
//	intent ──▶ booked ──▶ cancelled
//	   └─────────────────────▲
//
// A booking proceeds as follows:
//
//  1. Before the first call, one transaction writes the barrier row and one shipment
//     per parcel as intent. A late attempt therefore fails there, and an undo knows
//     every key that may have been used.
//  2. The carrier is called for each parcel with that parcel's own key, a few at a
//     time, outside any transaction. Each outcome is written as it comes, so that a
//     repeat calls only for the others, and asks the carrier first.
//  3. The outcome of the step is written, with that of its last parcel: all parcels
//     are booked, or the step is refused.
//
// A refusal cancels the parcels that were booked before it is recorded. The decision
// is stored first, in a row. So an attempt that dies between cancelling and recording
// leaves a step that can only end refused or undone, even if the carrier would accept
// the next attempt; and a concurrent attempt cannot conclude the step as booked.
//
// An undo forbids every key, used or not, and cancels each booking that it finds.
// Forbidding is atomic at the carrier: a slow attempt that is still calling either
// came first, and is cancelled, or fails there. Cancelled parcels are written one by
// one, too.
//
// # Invariants
//
//   - A parcel has at most one booking at the carrier, under its own key.
//   - All shipments of a done step are booked, until its undo begins. A step that is
//     refused, undone or blocked has no booked shipment, neither here nor at the
//     carrier.
//   - An outcome is written to a shipment at intent only. The end of an undo or of a
//     refusal leaves none, so the outcome of a late attempt is not written.
//   - An address goes to the carrier and is stored nowhere: not in a row, an error
//     or a log. A hash of it is part of the step's fingerprint.
package shipping
