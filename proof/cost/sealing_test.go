package cost

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/engine/sealed"
	"github.com/amends/amends/internal/replay"
)

// BenchmarkSealing measures what payload keys add to one order: each payload of its history
// is sealed by the process that writes it, and opened by the one that reads it. Bytes are
// those of the payloads at the engine.
func BenchmarkSealing(b *testing.B) {
	codec, err := sealed.New([]sealed.Key{{ID: "2026-11", Secret: bytes.Repeat([]byte{7}, 32)}})
	require.NoError(b, err)
	for _, name := range []string{"confirmed-express", "confirmed"} {
		b.Run(name, func(b *testing.B) {
			h, err := replay.File("../../workflows/testdata/histories/" + name + ".json")
			require.NoError(b, err)
			plain := payloadsOf(b, h.Events)
			closed, err := codec.Encode(plain)
			require.NoError(b, err)
			opened, err := codec.Decode(closed)
			require.NoError(b, err)
			require.Equal(b, size(plain), size(opened))
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				closed, err = codec.Encode(plain)
				if err == nil {
					_, err = codec.Decode(closed)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1000/float64(b.N), "CPU-µs/op") // the time depends on the machine's other work
			b.ReportMetric(float64(len(plain)), "payloads/op")
			b.ReportMetric(float64(size(plain)), "plain-B/op")
			b.ReportMetric(float64(size(closed)), "sealed-B/op")
		})
	}
}

// payloadsOf returns every payload of a history.
func payloadsOf(b *testing.B, h *historypb.History) (all []*commonpb.Payload) {
	b.Helper()
	require.NoError(b, proxy.VisitPayloads(b.Context(), h, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true, // which stay plain
		Visitor: func(_ *proxy.VisitPayloadsContext, found []*commonpb.Payload) ([]*commonpb.Payload, error) {
			all = append(all, found...)
			return found, nil
		},
	}))
	require.NotEmpty(b, all)
	return all
}

// cpu returns the CPU time of the process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func size(payloads []*commonpb.Payload) (n int) {
	for _, p := range payloads {
		n += proto.Size(p)
	}
	return n
}
