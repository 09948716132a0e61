package course

// Exposure is the effect that a step holds while it stands.
type Exposure struct {
	Words string // of an orchestrated order, too
	Holds Holding
}

// Exposures are those of the steps, by name.
var Exposures = map[string]Exposure{
	"payment.authorize": {"money held", Money},
	"payment.capture":   {"money taken", Money},
	"inventory.reserve": {"stock held", Stock},
	"shipping.book":     {"parcels booked", Parcels},
}
