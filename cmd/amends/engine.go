package main

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
)

// devEngine is what `amends dev` runs its sagas on: a dev server that it starts and
// stops, or an engine that is there already, which is none of its business.
type devEngine struct {
	bin string           // of the dev server; "" is an engine that is there
	own *temporal.Server // once it is started
}

// chooseEngine returns the engine that is configured, before anything starts.
func (p *platform) chooseEngine(ctx context.Context) (devEngine, error) {
	if p.c.Temporal.Address != "" {
		return devEngine{}, nil
	}
	bin, err := temporal.Find(ctx, p.c.TemporalBin)
	return devEngine{bin: bin}, err
}

// done is closed when our own engine is gone, and never for one that is not ours:
// whoever uses it waits until it is back.
func (e devEngine) done() <-chan struct{} {
	if e.own == nil {
		return nil
	}
	return e.own.Done()
}

// startEngine starts the dev server if it is to be ours, and returns when the
// engine has what an order needs.
func (p *platform) startEngine(ctx context.Context) (err error) {
	var o engine.Options
	var report func(error)
	if p.engine.bin == "" {
		o = p.c.Temporal.Options(p.environ)
		report = func(err error) { p.log.Warn("waiting", "for", err) }
	} else {
		if p.engine.own, err = temporal.Start(ctx, p.devServer()); err != nil {
			return err
		}
		p.onStop(p.engine.own.Stop)
		// Nothing of the environment: a TEMPORAL_ADDRESS there is of another engine.
		o = engine.Options{Address: p.engine.own.Address, Isolated: true}
	}
	o.Logger, o.Metrics = p.log, p.metrics.Temporal()
	if p.client, err = engine.Dial(o); err != nil {
		return err
	}
	p.onStop(func() error { p.client.Close(); return nil })
	// A dev server looks at its flags only when it makes its state, which an earlier
	// version may have done.
	return p.client.Register(ctx, orders.Attributes, report)
}

func (p *platform) devServer() temporal.Options {
	o := temporal.Options{
		Bin: p.engine.bin, Dir: p.c.DataDir, Port: p.c.TemporalPort, UIPort: p.c.UIPort, Durable: p.c.Durable, Logger: p.log,
	}
	for _, a := range orders.Attributes {
		o.SearchAttributes = append(o.SearchAttributes, a.String())
	}
	return o
}

// where is the line of the banner that says where the sagas are.
func (p *platform) where() string {
	if p.engine.own != nil {
		return fmt.Sprintf("Sagas    %s/namespaces/%s/workflows", p.engine.own.UI, p.client.Namespace)
	}
	return fmt.Sprintf("Engine   %s, namespace %s", p.client.Address, p.client.Namespace)
}
