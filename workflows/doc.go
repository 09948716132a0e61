// Package workflows holds the order saga, and the workflow that acknowledges the
// flags of a finished order. An order is one saga:
//
//	order.create → catalog.quote → inventory.reserve ‖ payment.authorize → shipping.book
//	    → payment.capture (pivot) → inventory.commit → order.confirm
//
// It is aborted when a step is refused, the customer cancels or decide-by passes
// before the pivot. Then order.decide records the reason, the parcels are cancelled,
// the authorization is voided, the stock is released, and order.cancel ends the
// order. Package saga runs it; contract.go has the names for callers.
//
// Everything here is workflow code: deterministic, without I/O. From the first release
// (v0.1.0) on, a change must replay every history in testdata/histories.
package workflows
