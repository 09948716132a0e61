package policy

import "github.com/amends/amends/internal/identity"

// The services that call others.
const (
	order    = "order"
	anybody  = "*" // every caller with an identity
	gateway  = identity.Gateway
	operator = identity.Operator
)

// Participant is the service whose methods run steps: a call of it is allowed by step.
const Participant = "amends.saga.v1.Participant"

// Row is one rule: these callers may call a method or take a step, and undo and settle
// it.
type Row struct {
	// Name is that of a method, package.Service/Method, or that of a step.
	Name string
	// From are the names of callers.
	From []string
}

// String returns the rule as a denial shows it.
func (r Row) String() string { return r.Name + " <- " + join(r.From) }

// Methods are the rules of typed methods. Health is open to every caller, because a
// connection is used only once its server is healthy; reflection is served in
// development only.
var Methods = []Row{
	{"grpc.health.v1.Health/Check", []string{anybody}},
	{"grpc.health.v1.Health/List", []string{operator}},
	{"grpc.health.v1.Health/Watch", []string{anybody}},
	{"grpc.reflection.v1.ServerReflection/ServerReflectionInfo", []string{operator}},
	{"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", []string{operator}},
}

// Steps are the rules of the steps of sagas. The order saga alone takes them.
var Steps = []Row{
	{"catalog.quote", []string{order}},
	{"inventory.commit", []string{order}},
	{"inventory.reserve", []string{order}},
	{"order.acknowledge", []string{order}},
	{"order.cancel", []string{order}},
	{"order.confirm", []string{order}},
	{"order.create", []string{order}},
	{"order.decide", []string{order}},
	{"order.note", []string{order}},
	{"payment.authorize", []string{order}},
	{"payment.capture", []string{order}},
	{"shipping.book", []string{order}},
}
