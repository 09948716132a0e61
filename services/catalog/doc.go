// Package catalog owns what can be ordered and what it costs: products, their
// prices and the categories they are listed under.
//
// A saga uses it once. [Service.Quote] is a recorded step: it decides something
// that the later steps use, the total, so its answer is stored under the saga's
// key and every repeat returns it, also after prices have changed or a product
// was deactivated. It holds nothing, so it has no undo.
//
// Invariants:
//   - a quote's total is the sum of unit price × quantity over its lines, which
//     are the lines that were asked for, in their order;
//   - prices come from the database, never from a request;
//   - a product without a price, or not active, cannot be quoted.
//
// The rules are here ([Price], [Product.Validate]), the rows are in
// services/catalog/store.
package catalog
