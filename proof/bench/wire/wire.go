// Package wire counts what clients ask a PostgreSQL server, where nobody can be
// wrong about it: on the way between them.
//
// A round trip is a Sync or a simple Query of the protocol: each is answered by
// one ReadyForQuery, for which the client waits. Several statements in one batch
// are one round trip, a statement that is prepared first is two. What a new
// connection says before its first command is not counted.
//
// A line costs time and CPU of its own, so it is for counting, never for timing.
package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
)

// Line is a way to a server that counts.
type Line struct {
	// Address is where clients connect to, host:port.
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

// Count is what one database was asked.
type Count struct {
	// Trips are round trips.
	Trips int64
	// Statements are executions by SQL text.
	Statements map[string]int64
}

// Open opens a line on a free port of this machine.
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

// Close cuts every connection, and returns when nothing of the line runs.
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

// Read returns what was asked so far, by database.
func (l *Line) Read() map[string]Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]Count{}
	for database, c := range l.counts {
		counts[database] = Count{Trips: c.Trips, Statements: maps.Clone(c.Statements)}
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

// own notes the ends of a connection, unless the line is closed.
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

// trip and execution note what a connection has asked.
func (l *Line) trip(database string) {
	l.note(database, func(c *Count) { c.Trips++ })
}

func (l *Line) execution(database, text string) {
	l.note(database, func(c *Count) { c.Statements[text]++ })
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
