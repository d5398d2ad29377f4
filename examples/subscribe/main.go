// Subscribes to leader events: acts once for each change of a leader, in the order of epochs.
//
//	PORT=8080 go run main.go
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

type leaderEvent struct {
	Type    string `json:"type"`
	Source  string `json:"source"`
	Subject string `json:"subject"`
	Data    struct {
		Reason string `json:"reason"`
		Epoch  int64  `json:"epoch"`
		Leader *struct {
			Name string `json:"name"`
		} `json:"leader"`
	} `json:"data"`
}

var (
	mutex sync.Mutex
	// The last epoch of each Service. Keep it where your action is done, if the action must not run twice.
	epochs = map[string]int64{}
)

func act(event leaderEvent) {
	leader := "none"
	if event.Data.Leader != nil {
		leader = event.Data.Leader.Name
	}
	fmt.Printf("%s leader=%s epoch=%d reason=%s\n", event.Subject, leader, event.Data.Epoch, event.Data.Reason)
}

func take(event leaderEvent) {
	// Events of other types may come: answer 2xx, or they are sent again.
	if !strings.HasPrefix(event.Type, "io.zen-lead.leader.") {
		return
	}
	mutex.Lock()
	defer mutex.Unlock()
	key := event.Source + " " + event.Subject
	// At least once, and a retry may come after a newer event. The end of a Service keeps its epoch.
	if event.Data.Epoch < epochs[key] || (event.Data.Epoch == epochs[key] && event.Data.Leader != nil) {
		return
	}
	epochs[key] = event.Data.Epoch
	act(event)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		var event leaderEvent
		if json.NewDecoder(http.MaxBytesReader(response, request.Body, 1<<20)).Decode(&event) != nil {
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		take(event)
		response.WriteHeader(http.StatusNoContent)
	})))
}
