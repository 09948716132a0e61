// Command monolith runs a small shop as one program with one database: the one that
// docs/strangler.md strangles.
//
//	go run . --addr 127.0.0.1:9901 --db shop.db --demo 20
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.org/monolith/shop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "monolith:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("monolith", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9901", "address to listen on")
	db := flags.String("db", "shop.db", "file of the database")
	demo := flags.Int("demo", 0, "fill an empty shop with products, stock and so many users")
	inventory := flags.String("inventory", "", "URL of `amends legacy bridge`: reserve stock there, for good")
	name := flags.String("gateway-name", "monolith", "name of this shop at the gateway")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := shop.Open(ctx, shop.Options{
		// Secrets come from the environment: every user of the machine can read a command line.
		Database: *db, GatewaySecret: os.Getenv("MONOLITH_GATEWAY_SECRET"), GatewayName: *name, Token: os.Getenv("MONOLITH_TOKEN"),
		Inventory: *inventory, Logger: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if *demo > 0 {
		if err := s.Demo(ctx, *demo); err != nil {
			return err
		}
	}
	go s.Settle(ctx)
	return serve(ctx, *addr, s.Handler())
}

// serve answers until ctx ends, and then finishes the requests that it has begun.
func serve(ctx context.Context, addr string, h http.Handler) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	fmt.Printf("The monolith is ready: http://%s\n", l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
