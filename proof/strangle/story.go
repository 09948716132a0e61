package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options of the story.
type Options struct {
	// Amends, Monolith and Temporal are the binaries.
	Amends, Monolith, Temporal string
	// Dir is an empty folder.
	Dir string
	// Orders is how many the services place before the cut-back, and Crowd how many customers
	// are active at a time.
	Orders, Crowd int
	// Patient customers come back when they are asked to, and a comparison may lack an answer
	// now and then: on a machine that does other work. In the story as it is told nobody has to.
	Patient bool
	// Out is told the story.
	Out io.Writer
	// Next is called before each step; nil: it goes on by itself.
	Next func()
}

// story is the story under way.
type story struct {
	*stand

	crowd *crowd
	moved bool // the stock is one
}

// chapter is a part of the story.
type chapter struct {
	title, text string
	tell        func(context.Context) error
}

// Tell tells the whole story. Its error says what is not as it should be.
func Tell(ctx context.Context, o Options) (err error) {
	stand, err := newStand(o) //nolint:contextcheck // it listens for a moment
	if err != nil {
		return err
	}
	s := &story{stand: stand, crowd: newCrowd(ctx, stand.gateway, o.Patient)}
	defer func() { err = errors.Join(err, s.stop()) }()
	defer s.crowd.end()
	for i, c := range s.chapters() {
		s.say("\n%d. %s\n\n%s\n", i+1, c.title, indented(c.text))
		if o.Next != nil {
			o.Next()
		}
		if err := c.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.title, err)
		}
	}
	s.crowd.end()
	s.say("\nThe end: %d requests, none failed, the slowest took %s; %d orders, each once; %d log-ins; %d questions came before an order had crossed.\n",
		s.crowd.requests, s.crowd.slowest.Round(time.Millisecond), len(s.crowd.orders), s.crowd.entered, s.crowd.crossing)
	return s.mostlyAtOnce()
}

// mostlyAtOnce is an error if a platform had no time for more than a twentieth of the requests:
// a machine that does other work is late now and then, a move that is wrong always.
func (s *story) mostlyAtOnce() error {
	back, all := s.crowd.back, s.crowd.requests
	if back > 0 {
		s.say("%d of the requests were asked to come back, because the platform had no time.\n", back)
	}
	if back > all/20 {
		return fmt.Errorf("%d of %d requests were asked to come back", back, all)
	}
	return nil
}

func (s *story) chapters() []chapter {
	return []chapter{
		{"Phase 1: all traffic goes to the monolith", "A shop runs on one program with one database. The gateway stands in front of it, and\n" +
			"every route is legacy: customers notice nothing. From now on they never stop.", s.phaseOne},
		{"Phase 2: the service with the clearest border first", "Products and stock are copied, each page with its checksum. An import that is killed is\n" +
			"run again.", s.copies},
		{"One stock", "The bridge starts, and the stock moves: placements wait for a moment, the last difference\n" +
			"is booked, and from then on the monolith reserves at the inventory service.", s.stock},
		{"Products and stock: compared, then served", "In mode shadow the monolith answers, and the services' answers are compared, with the\n" +
			"stock, which is one now.", s.products},
		{"Phase 3: more services: accounts", "Accounts come with their old passwords, which work once and are hashed anew. Sessions\n" +
			"have moved, so customers log in again.", s.accounts},
		{"Orders, for 10 % of the accounts", "The old orders come as records: no mail, no payment. An account stays at its side. The\n" +
			"bridge writes what the services place back to the monolith.", s.orders(10)},
		{"Orders, for 50 %", "", s.orders(50)},
		{"Orders, for all", "", s.orders(100)},
		{"Cut back", fmt.Sprintf("After %d orders something is wrong with the services, say. A rehearsal shows that the\nmonolith would miss nothing; then all orders go back to it.", s.o.Orders), s.cutBack},
		{"Forward again", "What the monolith has placed meanwhile is imported; none comes twice, and no mail.", s.forward},
		{"Phase 4: the monolith is switched off", "Every route is a service's. The last orders are imported; then bridge and monolith stop.", s.off},
	}
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.o.Out, format, args...) }

func indented(text string) string {
	if text == "" {
		return ""
	}
	return "   " + strings.ReplaceAll(text, "\n", "\n   ")
}

// run runs a command as a person would, and shows it with the end of its output.
func (s *story) run(ctx context.Context, args ...string) error {
	s.say("   $ amends %s\n", strings.Join(args, " "))
	out, err := s.command(ctx, args...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, l := range lines[max(0, len(lines)-8):] {
		s.say("     %s\n", l)
	}
	return err
}

// set changes a route by the command that a person would use.
func (s *story) set(ctx context.Context, name, reason string, change ...string) error {
	return s.run(ctx, append([]string{"legacy", "route", "set", name, "--reason", reason, "--admin-addr", s.admin}, change...)...)
}

// right checks both sides.
func (s *story) right(ctx context.Context) error {
	said, err := s.check(ctx, s.crowd, s.moved)
	if err == nil {
		s.say("   ✓ %s\n", said)
	}
	return err
}

// more waits until the customers have placed n more orders at a side.
func (s *story) more(ctx context.Context, side string, n int) error {
	want := s.crowd.at(side) + n
	return await(ctx, fmt.Sprintf("%d orders at the side %s", want, side), func(context.Context) (bool, error) { return s.crowd.at(side) >= want, nil })
}

// bring imports a kind after runs that are killed, each a little later, until one is not.
func (s *story) bring(ctx context.Context, kind string) error {
	args := s.imports(kind)
	kills := 0
	for after := 60 * time.Millisecond; after < 2*time.Second; after = after * 5 / 3 {
		early, err := s.killed(after, args...)
		if err != nil {
			return err
		}
		if !early {
			break
		}
		kills++
	}
	s.say("   (killed %d times on the way)\n", kills)
	return s.run(ctx, args...)
}

// imports returns the arguments of the command that imports a kind.
func (s *story) imports(kind string) []string {
	return []string{"legacy", "import", kind, "--from", "http://" + s.legacy, "--data-dir", s.data()}
}
