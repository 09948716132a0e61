// Package wire counts the requests of clients to a PostgreSQL server, on the
// connection between them, where no count can be wrong.
//
// A round trip is a Sync or a simple Query of the protocol: each is answered by
// one ReadyForQuery, for which the client waits. Several statements in one batch
// are one round trip, a statement that is prepared first is two. The setup of a
// new connection is not counted.
//
// A line costs time and CPU of its own, so it is for counting, never for timing.
package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
)

// Line is a proxy of a server that counts.
type Line struct {
	// Address is the address for clients, host:port.
	Address string

	upstream string
	listener net.Listener
	dialer   net.Dialer
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
	counts map[string]*Count
}

// Count is the use of one database.
type Count struct {
	// Trips are round trips.
	Trips int64
	// Transactions are those that the client has ended, and round trips outside of one
	// that execute something.
	Transactions int64
	// Statements are executions by SQL text.
	Statements map[string]int64
}

// Open opens a line on a free loopback port.
func Open(ctx context.Context, upstream string) (*Line, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("line to %s: %w", upstream, err)
	}
	l := &Line{
		Address: listener.Addr().String(), upstream: upstream, listener: listener,
		open: map[net.Conn]bool{}, counts: map[string]*Count{},
	}
	l.running.Go(l.accept)
	return l, nil
}

// Close cuts every connection, and returns when no goroutine of the line runs.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	err := l.listener.Close()
	for c := range l.open {
		err = errors.Join(err, c.Close())
	}
	clear(l.open)
	l.mu.Unlock()
	l.running.Wait()
	return err
}

// Read returns the counts so far, by database.
func (l *Line) Read() map[string]Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]Count{}
	for database, c := range l.counts {
		counts[database] = Count{Trips: c.Trips, Transactions: c.Transactions, Statements: maps.Clone(c.Statements)}
	}
	return counts
}

// accept serves connections until the line is closed.
func (l *Line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := l.dialer.DialContext(context.Background(), "tcp", l.upstream)
		if err != nil || !l.own(client, server) {
			_ = client.Close() // nothing was carried yet
			if err == nil {
				_ = server.Close() // the line is closed, and so are its ends
			}
			continue
		}
		l.running.Go(func() { l.carry(client, server) })
	}
}

// own records the ends of a connection, unless the line is closed.
func (l *Line) own(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	for _, c := range ends {
		l.open[c] = true
	}
	return true
}

// hangUp closes the ends of a connection that has ended.
func (l *Line) hangUp(ends ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range ends {
		if l.open[c] {
			delete(l.open, c)
			_ = c.Close() // the other end may have closed it
		}
	}
}

// trip and execution count for a connection.
func (l *Line) trip(of *session) {
	ended := of.asked && !of.open
	of.asked = false
	l.note(of.database, func(c *Count) {
		c.Trips++
		if ended {
			c.Transactions++
		}
	})
}

func (l *Line) execution(of *session, text string) {
	of.asked = true
	switch verb, _, _ := strings.Cut(text, " "); verb {
	case "begin":
		of.open = true
	case "commit", "rollback":
		of.open = false
	}
	l.note(of.database, func(c *Count) { c.Statements[text]++ })
}

func (l *Line) note(database string, what func(*Count)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.counts[database]
	if !ok {
		c = &Count{Statements: map[string]int64{}}
		l.counts[database] = c
	}
	what(c)
}
