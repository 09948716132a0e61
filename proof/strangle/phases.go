package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

func (s *story) phaseOne(ctx context.Context) error {
	if err := s.startMonolith(ctx); err != nil {
		return err
	}
	if err := s.writeRoutes(); err != nil {
		return err
	}
	if err := s.startPlatform(ctx); err != nil {
		return err
	}
	s.say("   The shop is at http://%s, as ever; the monolith behind it at http://%s.\n", s.gateway, s.legacy)
	s.crowd.come(s.o.Crowd) //nolint:contextcheck // the crowd has a context of its own
	if err := s.more(ctx, "legacy", 30); err != nil {
		return err
	}
	if err := s.run(ctx, "legacy", "routes", "--admin-addr", s.admin); err != nil {
		return err
	}
	return s.right(ctx)
}

func (s *story) copies(ctx context.Context) error {
	if err := s.bring(ctx, "products"); err != nil {
		return err
	}
	if err := s.bring(ctx, "stock"); err != nil {
		return err
	}
	return s.right(ctx)
}

func (s *story) products(ctx context.Context) error {
	routes := []string{"products", "stock"}
	for _, name := range routes {
		if err := s.set(ctx, name, "compare", "--mode", "shadow"); err != nil {
			return err
		}
	}
	for _, name := range routes {
		if err := await(ctx, "answers of "+name+" are compared", func(ctx context.Context) (bool, error) {
			have, err := s.score(ctx, name)
			return have.Match >= 30, err
		}); err != nil {
			return err
		}
	}
	if err := s.run(ctx, "legacy", "score", "--admin-addr", s.admin); err != nil {
		return err
	}
	for _, name := range routes {
		have, err := s.score(ctx, name)
		if err != nil {
			return err
		}
		if have.Differ > 0 || have.Error > s.mayFail(have) {
			return fmt.Errorf("%s: %d of the compared answers differ, %d failed", name, have.Differ, have.Error)
		}
		if err := s.set(ctx, name, "the answers agree", "--mode", "service"); err != nil {
			return err
		}
	}
	if err := s.more(ctx, "legacy", 10); err != nil {
		return err
	}
	return s.right(ctx)
}

// mayFail is how many of the compared answers of the services may be failures: none, or a
// twentieth if this machine does other work, which is what gates allow.
func (s *story) mayFail(have score) int {
	if !s.o.Patient {
		return 0
	}
	return (have.Match + have.Error) / 20
}

func (s *story) stock(ctx context.Context) error {
	if err := s.startBridge(ctx); err != nil {
		return err
	}
	err := s.run(ctx, "legacy", "import", "stock", "--from", "http://"+s.legacy, "--data-dir", s.data(), "--hand-over", "http://"+s.door)
	if err != nil {
		return err
	}
	s.moved = true
	if err := s.more(ctx, "legacy", 30); err != nil {
		return err
	}
	return s.right(ctx)
}

func (s *story) accounts(ctx context.Context) error {
	if err := s.bring(ctx, "users"); err != nil {
		return err
	}
	for _, name := range []string{"accounts", "sessions"} {
		if err := s.set(ctx, name, "accounts are imported", "--mode", "service"); err != nil {
			return err
		}
	}
	if err := s.more(ctx, "legacy", 30); err != nil {
		return err
	}
	return s.right(ctx)
}

// looked is how many orders of the monolith customers look at again.
const looked = 5

// remembered has customers look at their orders of the monolith, at the services: each by its
// id, with its overview, and in the list.
func (s *story) remembered() error {
	n := 0
	for _, o := range s.crowd.placed() {
		if o.side != "legacy" || n == looked {
			continue
		}
		n++
		v := &customer{s.crowd, o.n, &sync.Map{}}
		var list struct {
			Orders []order `json:"orders"`
		}
		for path, into := range map[string]any{"/v1/orders/" + o.id: nil, "/v1/orders/" + o.id + "/overview": nil, "/v1/orders?limit=100": &list} {
			if status, side := v.try(http.MethodGet, path, "", nil, into); status != http.StatusOK || side != "service" {
				return fmt.Errorf("GET %s of an imported order is answered %d by %s", path, status, side)
			}
		}
		if !slices.ContainsFunc(list.Orders, func(l order) bool { return l.ID == o.id }) {
			return fmt.Errorf("order %s of the monolith is not in its customer's list", o.id)
		}
	}
	s.say("   ✓ customers find %d orders of the monolith at the services, by their ids and in lists\n", n)
	return nil
}

// orders gives a share of the accounts to the services.
func (s *story) orders(percent int) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := s.bring(ctx, "orders"); err != nil {
			return err
		}
		if err := s.set(ctx, "orders", fmt.Sprintf("%d %%", percent), "--mode", "canary", "--percent", fmt.Sprint(percent)); err != nil {
			return err
		}
		if err := s.run(ctx, s.imports("orders")...); err != nil { // those of the moment in between
			return err
		}
		n := max(5, s.o.Orders*percent/400)
		if percent == 100 {
			n = max(n, s.o.Orders-s.crowd.at("service"))
			if err := s.remembered(); err != nil { //nolint:contextcheck // the crowd has a context of its own
				return err
			}
		}
		if err := s.more(ctx, "service", n); err != nil {
			return err
		}
		return s.right(ctx)
	}
}

func (s *story) cutBack(ctx context.Context) error {
	resume := s.crowd.rest() // the last orders are decided and written back: then nothing is missing
	err := s.settled(ctx, true)
	if err == nil {
		err = s.run(ctx, "legacy", "rehearse-cut-back", "--to", "http://"+s.legacy, "--data-dir", s.data())
	}
	resume()
	if err != nil {
		return err
	}
	if err := s.set(ctx, "orders", "cut back", "--percent", "0"); err != nil {
		return err
	}
	if err := s.more(ctx, "legacy", 30); err != nil {
		return err
	}
	return s.right(ctx)
}

func (s *story) forward(ctx context.Context) error {
	if err := s.bring(ctx, "orders"); err != nil {
		return err
	}
	if err := s.set(ctx, "orders", "forward again", "--percent", "100"); err != nil {
		return err
	}
	if err := s.run(ctx, s.imports("orders")...); err != nil { // as above
		return err
	}
	if err := s.more(ctx, "service", 30); err != nil {
		return err
	}
	return s.right(ctx)
}

func (s *story) off(ctx context.Context) error {
	if err := s.bring(ctx, "orders"); err != nil {
		return err
	}
	if err := s.set(ctx, "orders", "the monolith is replaced", "--mode", "service"); err != nil {
		return err
	}
	if err := s.right(ctx); err != nil {
		return err
	}
	if err := s.bridge.stop(); err != nil {
		return err
	}
	if err := s.monolith.stop(); err != nil {
		return err
	}
	s.bridge, s.monolith = nil, nil
	if err := s.more(ctx, "service", 20); err != nil {
		return err
	}
	return s.right(ctx)
}
