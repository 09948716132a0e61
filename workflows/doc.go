// Package workflows decides. An order is one saga:
//
//	order.create → catalog.quote → inventory.reserve ‖ payment.authorize → shipping.book
//	    → payment.capture (pivot) → inventory.commit → order.confirm
//
// and the other end, when a step is refused, the customer cancels or decide-by
// passes before the pivot: order.decide, which records why, then cancel the
// parcels, void the authorization, release the stock, then order.cancel. See
// package saga for how, and contract.go for what callers may name.
//
// Everything here is workflow code: deterministic, without I/O. From tag v0.1.0
// on, a change must replay every history in testdata/histories.
package workflows
