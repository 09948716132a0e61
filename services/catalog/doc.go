// Package catalog owns the products, their prices and their categories.
//
// # Do and undo
//
// A saga uses one step. [Service.Quote] decides the total that later steps use, so
// its answer is recorded under the saga's key, and every repeat returns it, even after
// prices have changed or a product was deactivated. It holds nothing and has no undo.
//
// # Invariants
//
//   - A quote's total is the sum of unit price × quantity over its lines, which are
//     the requested lines in their order.
//   - Prices come from the database, never from a request.
//   - A product that has no price, or is not active, cannot be quoted.
//
// The rules are here ([Price], [Product.Validate]), the rows in
// services/catalog/store.
package catalog
