//go:build whole

package oncall_test

import "testing"

// The worker of a service is killed, before an order comes to it.
func killedWorker(t *testing.T, s *shift) {
	t.Helper()
	s.plant(func() {
		s.Parts["shipping"].Kill()
		s.place(t, func() (string, error) { return s.Place(t.Context(), "tok_visa") })
	})
	s.notices(t, list, s.order, "no_worker", `no worker polls queue "amends-shipping" for shipping.book`,
		"money held: 18.50 EUR, stock held: 1 units", "payment.authorize, inventory.reserve")
	s.finds(t, 0, s.show(), "shipping.book\trunning", "money held: 18.50 EUR, stock held: 1 units")
	s.restarts(t, "shipping")
	s.isWell(t, s.show(), "CONFIRMED")
}

// The worker of the order service, which decides, is killed halfway.
func killedOrderWorker(t *testing.T, s *shift) {
	t.Helper()
	s.Parts["shipping"].Kill()
	s.place(t, func() (string, error) { return s.Place(t.Context(), "tok_visa") })
	s.reaches(t, "payment.authorize", "done")
	s.reaches(t, "shipping.book", "running")
	s.plant(func() { s.Parts["order"].Kill() })
	s.Parts["shipping"].Start(t)
	s.notices(t, list, "No worker of the order service answers: tasks have waited on queue", s.order, "no_worker", "for its next decision",
		"money held: 18.50 EUR, stock held: 1 units, parcels booked: 1", "payment.authorize, inventory.reserve, shipping.book")
	s.finds(t, 2, doctor, "no worker of the order service answers")
	s.restarts(t, "order")
	s.isWell(t, s.show(), "CONFIRMED")
}
