// Package erased declares the fact that an order's customer is forgotten.
package erased

import "github.com/amends/amends/event"

// Fact is told when the personal data of an order is removed. An order that an operator erases
// again is told again: its customer may have written to others meanwhile.
var Fact = event.Declare[Data](event.Declaration{
	Service: "order", Name: "erased", Version: 1, Key: "order",
	About: "The order's address and contact are gone; a listener that keeps more of its customer removes it.",
})

// Data is an order without personal data.
type Data struct {
	Order string `json:"order_id"`
}
