// Sends and receives events with the Go SDK of CloudEvents, as test/sdks/sdks.test.ts asks for.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

type order struct {
	URL   string          `json:"url"`
	Mode  string          `json:"mode"`
	Event json.RawMessage `json:"event"`
}

var printing sync.Mutex

func say(line any) {
	text, err := json.Marshal(line)
	exitOn(err)
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(text))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	exitOn(err)
	protocol, err := cloudevents.NewHTTP(cehttp.WithListener(listener), cloudevents.WithPath("/events"))
	exitOn(err)
	client, err := cloudevents.NewClient(protocol)
	exitOn(err)
	go func() {
		exitOn(client.StartReceiver(context.Background(), func(event cloudevents.Event) {
			say(map[string]any{"received": event})
		}))
	}()
	say(map[string]any{"url": fmt.Sprintf("http://%s/events", listener.Addr())})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked order
		exitOn(json.Unmarshal(lines.Bytes(), &asked))
		say(map[string]any{"answer": send(client, asked)})
	}
}

func send(client cloudevents.Client, asked order) any {
	var event cloudevents.Event
	exitOn(json.Unmarshal(asked.Event, &event))
	ctx := cloudevents.ContextWithTarget(context.Background(), asked.URL)
	// With its own judgement of what is worth a retry.
	ctx = cloudevents.ContextWithRetriesConstantBackoff(ctx, 10*time.Millisecond, 3)
	switch asked.Mode {
	case "binary":
		ctx = binding.WithForceBinary(ctx)
	case "bytes":
		// Data of no stated type.
		bytes := event.Data()
		event.Context = event.Context.Clone()
		exitOn(event.Context.SetDataContentType(""))
		event.DataEncoded = bytes
		event.DataBase64 = true
		ctx = binding.WithForceStructured(ctx)
	default:
		ctx = binding.WithForceStructured(ctx)
	}
	reply, result := client.Request(ctx, event)
	return map[string]any{
		"status": statusOf(result),
		"isAck":  cloudevents.IsACK(result),
		"event":  reply,
	}
}

func statusOf(result error) int {
	var retries *cehttp.RetriesResult
	if errors.As(result, &retries) {
		result = retries.Result
	}
	var answer *cehttp.Result
	if errors.As(result, &answer) {
		return answer.StatusCode
	}
	return 0
}
