package send

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
)

// answerTime is how long a provider may take.
const answerTime = 40 * time.Second

// route sends m by the first provider of its channel that takes it. A provider that refuses
// or is down has taken nothing, so the next one is tried. After an unknown outcome the
// provider is asked, and its key closed, before the next one gets the message; the last
// one gets it again, under the same key.
func (s *Sender) route(ctx context.Context, d notification.Delivery, m channel.Message) (Outcome, error) {
	routes := s.c.Routes[d.Channel]
	i := max(0, slices.IndexFunc(routes, func(r Route) bool { return r.Name == d.Provider }))
	for ; ; i++ {
		last := i+1 == len(routes)
		before := d.Provider == routes[i].Name // an attempt there may have arrived
		err := fault.Errorf(fault.Unknown, channel.NoAnswer, "an earlier attempt has no outcome")
		if !before || last {
			d.Provider = routes[i].Name
			if ok, err := s.c.Queue.Begin(ctx, d); err != nil || !ok {
				return Outcome{}, err
			}
			err = fault.Of(s.send(ctx, routes[i], m))
		}
		if err != nil && err.Kind == fault.Unknown && !last {
			sent, failed := s.close(ctx, routes[i], m.Key)
			switch {
			case failed != nil:
				return s.later(d, fault.CodeOf(err)), nil //nolint:nilerr // it is asked again
			case sent:
				err = nil
			}
		}
		if err == nil || last || err.Code == channel.AddressRefused {
			return s.judge(d, err, before), nil
		}
		d.Provider = ""
	}
}

func (s *Sender) send(ctx context.Context, r Route, m channel.Message) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return r.Send(ctx, m) //nolint:wrapcheck // a fault
}

// close asks a provider whether it has sent a message, and lets it send none later.
func (s *Sender) close(ctx context.Context, r Route, key string) (sent bool, err error) {
	p, ok := r.Channel.(channel.Provider)
	if !ok {
		return false, fault.Errorf(fault.Bug, fault.Internal, "the provider %s cannot be asked", r.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return p.Close(ctx, key) //nolint:wrapcheck // a fault
}

// judge returns the outcome of an attempt for which the provider returned f. before reports
// whether an earlier one may have arrived there.
func (s *Sender) judge(d notification.Delivery, f *fault.Error, before bool) Outcome {
	switch {
	case f == nil:
		return Outcome{State: notification.Sent, Provider: d.Provider}
	case f.Code == channel.AddressRefused:
		return Outcome{State: notification.Dropped, Reason: f.Code, Suppress: d.Address}
	case f.Kind == fault.Business:
		return dropped(f.Code)
	case f.Kind != fault.Unknown && !before:
		d.Provider = "" // it has taken nothing
	}
	return s.later(d, f.Code)
}
