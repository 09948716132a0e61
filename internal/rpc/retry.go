package rpc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// contracts is the prefix of the packages of the project's contracts.
const contracts = "amends."

// serviceConfig returns the rules of a connection in gRPC's form: the balancer, the
// service whose health counts, and the methods that are repeated. The library spreads
// the pauses at random, and stops repeating while most calls fail.
func serviceConfig(balancer, service string) (string, error) {
	type object = map[string]any
	config := object{
		"loadBalancingConfig": []object{{balancer: object{}}},
		"retryThrottling":     object{"maxTokens": 10, "tokenRatio": 0.1},
	}
	if service != "" {
		config["healthCheckConfig"] = object{"serviceName": service}
	}
	if names := idempotent(); len(names) > 0 {
		config["methodConfig"] = []object{{
			"name": names,
			"retryPolicy": object{
				"maxAttempts": 4, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2,
				"retryableStatusCodes": []string{"UNAVAILABLE"},
			},
		}}
	}
	b, err := json.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("rules of a connection: %w", err)
	}
	return string(b), nil
}

// methodName names a method in gRPC's form.
type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

// idempotent returns the methods of the linked contracts that say that a repeat has no
// further effect. A stream is none of them: it may have delivered a part.
func idempotent() (names []methodName) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), contracts) {
			return true
		}
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				if m := methods.Get(j); repeatable(m) {
					names = append(names, methodName{Service: string(m.Parent().FullName()), Method: string(m.Name())})
				}
			}
		}
		return true
	})
	slices.SortFunc(names, func(a, b methodName) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Method, b.Method))
	})
	return names
}

// Repeatable reports whether a method of a linked contract, package.Service/Method, may be
// called again after a failure: a repeat has no further effect.
func Repeatable(method string) bool {
	m := find(method)
	return m != nil && repeatable(m)
}

// Streams reports whether a method of a linked contract has a stream, which may last.
func Streams(method string) bool {
	m := find(method)
	return m != nil && (m.IsStreamingClient() || m.IsStreamingServer())
}

// find returns a method of a linked contract, nil for none.
func find(method string) protoreflect.MethodDescriptor {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.Replace(method, "/", ".", 1)))
	if err != nil {
		return nil
	}
	m, _ := found.(protoreflect.MethodDescriptor)
	return m
}

func repeatable(m protoreflect.MethodDescriptor) bool {
	o, ok := m.Options().(*descriptorpb.MethodOptions)
	return ok && !m.IsStreamingClient() && !m.IsStreamingServer() && o.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
}
