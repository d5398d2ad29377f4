import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.format.EventFormat;
import io.cloudevents.core.provider.EventFormatProvider;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;

/** Sends and receives events with the Java SDK of CloudEvents, as test/sdks/sdks.test.ts asks for. */
public class Client {
  static final ObjectMapper json = new ObjectMapper();
  static final EventFormat format = EventFormatProvider.getInstance().resolveFormat(JsonFormat.CONTENT_TYPE);
  static final HttpClient client = HttpClient.newHttpClient();

  public static void main(String[] args) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/events", exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      say(json.createObjectNode().set("received", read(exchange.getRequestHeaders(), body)));
      exchange.sendResponseHeaders(202, -1);
      exchange.close();
    });
    server.start();
    say(json.createObjectNode().put("url", "http://127.0.0.1:" + server.getAddress().getPort() + "/events"));

    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      say(json.createObjectNode().set("answer", send(json.readTree(line))));
    }
    System.exit(0);
  }

  static synchronized void say(JsonNode line) {
    System.out.println(line);
  }

  static JsonNode read(Map<String, List<String>> headers, byte[] body) {
    try {
      CloudEvent event = HttpMessageFactory.createReaderFromMultimap(headers, body).toEvent();
      return json.readTree(format.serialize(event));
    } catch (Exception error) {
      return json.createObjectNode().put("error", String.valueOf(error));
    }
  }

  static JsonNode send(JsonNode asked) throws Exception {
    CloudEvent event = format.deserialize(json.writeValueAsBytes(asked.get("event")));
    String mode = asked.get("mode").asText();
    if (mode.equals("bytes")) {
      // Data of no stated type.
      byte[] data = event.getData() == null ? new byte[0] : event.getData().toBytes();
      event = CloudEventBuilder.v1(event).withoutDataContentType().withData(data).build();
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(asked.get("url").asText()));
    var writer = HttpMessageFactory.createWriter(
        request::header, body -> request.POST(HttpRequest.BodyPublishers.ofByteArray(body == null ? new byte[0] : body)));
    if (mode.equals("binary")) writer.writeBinary(event);
    else writer.writeStructured(event, format);
    HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    ObjectNode answer = json.createObjectNode().put("status", response.statusCode());
    boolean hasReply = response.statusCode() == 200 && response.body().length > 0;
    answer.set("event", hasReply ? read(response.headers().map(), response.body()) : null);
    return answer;
  }
}
