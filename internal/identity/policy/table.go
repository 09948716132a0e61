package policy

import "github.com/amends/amends/internal/identity"

// The services that call others.
const (
	order    = "order"
	shipping = "shipping"
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

// Methods are the rules of typed methods. The gateway answers customers, and the commands
// of operators fill the shop; only shipping reads an address. Health is open to every caller, because a
// connection is used only once its server is healthy; reflection is served in
// development only.
var Methods = []Row{
	{"amends.catalog.v1.Catalog/GetProduct", []string{gateway, operator}},
	{"amends.catalog.v1.Catalog/Import", []string{operator}},
	{"amends.catalog.v1.Catalog/ListProducts", []string{gateway, operator}},
	{"amends.inventory.v1.Inventory/Adjust", []string{operator}},
	{"amends.inventory.v1.Inventory/CheckStock", []string{gateway, operator}},
	{"amends.inventory.v1.Inventory/GetStock", []string{gateway, operator}},
	{"amends.inventory.v1.Inventory/ReadJournal", []string{operator}},
	{"amends.inventory.v1.Inventory/Receive", []string{operator}},
	{"amends.order.v1.Order/Get", []string{gateway, operator}},
	{"amends.order.v1.Order/GetAddress", []string{shipping}},
	{"amends.payment.v1.Payment/Get", []string{gateway, operator}},
	{"amends.shipping.v1.Shipping/Track", []string{gateway, operator}},
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
