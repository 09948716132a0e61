// Package shipping owns shipments: one per parcel, booked at a carrier.
//
// Do/undo pair: [Service.Book] / [Service.Cancel], both about all parcels of one
// saga. The carrier is outside of every database, so [Outside] goes by intent →
// call → outcome, and keeps one shipment row per call:
//
//	intent ──▶ booked ──▶ cancelled
//	   └─────────────────────▲
//
// A booking goes:
//
//  1. The barrier row and one shipment per parcel are written as intent, in one
//     transaction, before the first call. A late attempt therefore fails there,
//     and whoever undoes knows every key that may have been used.
//  2. The carrier is called for each parcel with that parcel's own key, in
//     parallel, outside of any transaction. A repeat asks it first.
//  3. The outcome is written: all booked, or the step is refused.
//
// A refusal takes back the parcels that went through before it is recorded. It
// is decided first, in a row: an attempt that dies between taking back and
// recording leaves a step that can only end refused or undone, whatever the
// carrier would answer the next one, and another attempt of the step that runs
// at the same time cannot conclude it as booked.
//
// An undo forbids every key, known or not to have been used, and cancels what it
// finds booked. Forbidding is atomic at the carrier, so a slow attempt that is
// still calling either was first, and is cancelled, or fails there.
//
// Invariants:
//   - a parcel has at most one booking at the carrier, under its own key;
//   - a step that is done has all its shipments booked, a step that is refused,
//     undone or blocked has none, here and in the carrier's book;
//   - an address is given to the carrier and kept nowhere: not in a row, an error
//     or a log. A hash of it is part of the step's fingerprint.
package shipping
