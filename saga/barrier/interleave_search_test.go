package barrier_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/amends/amends/saga/barrier"
)

// search walks the tree of a scene's choices depth first. Every run replays the
// choices before the one that it varies, with a fresh key.
type search struct {
	path, width []int // the choice at each step of the last run, and the number of choices
	depth       int   // of the current run
	astray      bool  // a replay came to another number of choices
}

func (s *search) choose(n int) int {
	if s.depth == len(s.path) {
		s.path, s.width = append(s.path, 0), append(s.width, n)
	}
	i := s.path[s.depth]
	s.astray = s.astray || s.width[s.depth] != n
	s.depth++
	if i >= n {
		return 0
	}
	return i
}

// next moves on to the path after the last one; it says whether there is one.
func (s *search) next() bool {
	last := len(s.path) - 1
	for last >= 0 && s.path[last]+1 == s.width[last] {
		last--
	}
	if last < 0 {
		return false
	}
	s.path, s.width, s.depth = s.path[:last+1], s.width[:last+1], 0
	s.path[last]++
	return true
}

// start is the state before a scene: made by some calls, one after the other.
type start []op

// run plays one scene and checks it.
func (s *stage) run(ctx context.Context, before start, ops []op, choose chooser, promises func(c *scene, start, end ledger) string) error {
	ctx, cancel := context.WithTimeout(ctx, hopeless)
	defer cancel()
	k := s.freshKey()
	var l ledger
	for i, o := range before {
		who := fmt.Sprint(i)
		if want, got := l.take(o, who), o.run(ctx, s.plain, k, who); got != want {
			return fmt.Errorf("%s answered %q, not %q", o, got, want)
		}
	}
	undone := l.state == barrier.Undone || l.state == barrier.Blocked
	c, err := s.play(ctx, k, ops, undone, choose)
	if err != nil {
		return fmt.Errorf("%w: %s", err, c)
	}
	return c.audit(ctx, k, l, promises)
}

// every plays every interleaving of ops.
func (s *stage) every(ctx context.Context, before start, ops []op, promises func(c *scene, start, end ledger) string) error {
	for walk := (&search{}); ; {
		if err := s.run(ctx, before, ops, walk.choose, promises); err != nil {
			return err
		}
		if walk.astray {
			return errors.New("a schedule did not run again as it had run")
		}
		if !walk.next() {
			return nil
		}
	}
}

// sampled plays one interleaving of ops, drawn with seed and i.
func (s *stage) sampled(ctx context.Context, seed, i uint64, draw func(r *rand.Rand) []op, promises func(c *scene, start, end ledger) string) error {
	r := rand.New(rand.NewPCG(seed, i))
	if err := s.run(ctx, nil, draw(r), r.IntN, promises); err != nil {
		return fmt.Errorf("seed %d, run %d: %w", seed, i, err)
	}
	return nil
}
