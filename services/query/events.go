package query

import "github.com/amends/amends/event"

// Facts are all facts of the service: it tells none, because it never acts.
var Facts []event.Declaration
