// Package shop serves the pages of a shop for its customers: products, a cart, an account, a
// checkout, and orders that can be followed while they are decided.
//
// It is a client of the public contract. Each page asks the API in the same process through
// package ask, in the name of its visitor, so the shop has no rule, no right and no state of
// its own, and there is no second way to place an order. Pages are complete without scripts; the
// module of package look only makes an order's page live.
//
// # One cart, one order
//
// A cart has the idempotency key of its order from its beginning. All tabs, reloads and repeats
// of a checkout send that key, with the lines that the page showed, so the API makes one order of
// them, and answers it again to every repeat. The key is renewed once the order is known to be
// placed, or if the customer says so.
//
// # Who a visitor is
//
// The API's cookies are the visitor's session, and its CSRF token is the hidden field of each form.
// A guest has claims in a cookie. The cart, the claims and the language are the visitor's own;
// package cookie reads whatever they became.
package shop
