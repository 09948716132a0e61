package config

// Services has a section for each service. A process needs the DSNs of the
// services that it runs, and the queues of all: the order saga calls every one.
type Services struct {
	Order     Service  `key:"order"`
	Catalog   Service  `key:"catalog"`
	Inventory Service  `key:"inventory"`
	Payment   Payment  `key:"payment"`
	Shipping  Shipping `key:"shipping"`
}

// Service is what every service is told.
type Service struct {
	// DSN is the service's own database: postgres://user:password@host:port/name
	// or sqlite:PATH. It is required where the service runs; in `amends dev` an
	// empty one is made. Default: empty.
	DSN DSN `key:"dsn"`

	// Queue is the task queue on which the service's steps are dispatched; every
	// process must agree on it. Default: the service's name.
	Queue string `key:"queue"`

	// MaxConns is how many connections to its database one process of the service
	// opens at most; its activity slots follow from it. 0 is 10 on PostgreSQL and 4
	// on SQLite, where writers wait for each other anyway. Default: 0.
	MaxConns int `key:"max_conns"`
}

// Payment is the payment service.
type Payment struct {
	Service
	// ProviderDSN is the database of the payment provider's simulator, required
	// where the service runs. Default: empty.
	ProviderDSN DSN `key:"provider_dsn"`
}

// Shipping is the shipping service.
type Shipping struct {
	Service
	// CarrierDSN is the database of the carrier's simulator, required where the
	// service runs. Default: empty.
	CarrierDSN DSN `key:"carrier_dsn"`
}

// Named is one service under its name, in the shape that all have in common.
type Named struct {
	Name    string
	Service *Service
	// Outside is the DSN of the simulator of the service's outside world,
	// OutsideName what that is called, and OutsideKey the DSN's key; nil and "" for
	// a service that has none.
	Outside                 *DSN
	OutsideName, OutsideKey string
}

// All returns every service, in the order of an order's journey. The pointers
// are into s.
func (s *Services) All() []Named {
	return []Named{
		{Name: "order", Service: &s.Order},
		{Name: "catalog", Service: &s.Catalog},
		{Name: "inventory", Service: &s.Inventory},
		{
			Name: "payment", Service: &s.Payment.Service,
			Outside: &s.Payment.ProviderDSN, OutsideName: "provider", OutsideKey: "services.payment.provider_dsn",
		},
		{
			Name: "shipping", Service: &s.Shipping.Service,
			Outside: &s.Shipping.CarrierDSN, OutsideName: "carrier", OutsideKey: "services.shipping.carrier_dsn",
		},
	}
}

// Names returns the names of all services.
func (s *Services) Names() []string {
	var names []string
	for _, n := range s.All() {
		names = append(names, n.Name)
	}
	return names
}

// Queues returns the task queue of every service by its name.
func (s *Services) Queues() map[string]string {
	queues := map[string]string{}
	for _, n := range s.All() {
		queues[n.Name] = n.Service.Queue
	}
	return queues
}

// key returns the key of one of the service's fields.
func (n Named) key(field string) string { return "services." + n.Name + "." + field }
