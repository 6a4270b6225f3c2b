import { iotRules } from '../../electron/classify/payload/iot.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { ascii, describeCaptures, describeCases, hex } from './payload-trial.ts';

const tcp = { transport: TCP };
const udp = { transport: UDP };
const mqtt = { transport: TCP, destinationPort: 1883 };
const coap = { transport: UDP, destinationPort: 5683 };

const connect = hex('10 10 0004 4d515454 04 02 003c 0004 6e6f6465');
const publish = Buffer.concat([hex('32 0c 0004'), ascii('a/bc'), hex('0102'), ascii('21.5')]);
const request = Buffer.concat([hex('42 01 1234 aabb b7'), ascii('sensors'), hex('04'), ascii('temp')]);
const response = Buffer.concat([hex('62 45 1234 aabb c0 ff'), ascii('21.5')]);
const post = (path: string, type: string): Buffer =>
  ascii(`POST ${path} HTTP/1.1\r\nHost: printer\r\nContent-Type: ${type}\r\nContent-Length: 9\r\n\r\n`);

describeCases(iotRules, [
  { what: 'CONNECT of 3.1.1', rule: 'mqtt-connect', said: [['>', connect]], flow: tcp },
  { what: 'CONNECT of 3.1', rule: 'mqtt-connect', said: [['>', hex('10 12 0006 4d5149736470 03 02 003c 0004 6e6f6465')]], flow: tcp },
  { what: 'MQTT of level 9', rule: '', said: [['>', hex('10 10 0004 4d515454 09 02 003c 0004 6e6f6465')]], flow: mqtt },
  { what: 'MQTT of another name', rule: '', said: [['>', hex('10 10 0004 4d515455 04 02 003c 0004 6e6f6465')]], flow: mqtt },
  { what: 'accepted', rule: 'mqtt-connack', said: [['<', hex('20 02 00 00')]], flow: mqtt },
  { what: 'accepted elsewhere', rule: '', said: [['<', hex('20 02 00 00')]], flow: tcp },
  { what: 'CONNACK with an unknown code', rule: '', said: [['<', hex('20 02 00 09')]], flow: mqtt },
  { what: 'CONNACK from the client', rule: '', said: [['>', hex('20 02 00 00')]], flow: mqtt },
  { what: 'a message on its port', rule: 'mqtt-midway', said: [['>', publish]], flow: mqtt },
  { what: 'a message and its acknowledgement', rule: 'mqtt-midway', said: [['>', publish], ['<', hex('40 02 0102')]], flow: tcp },
  { what: 'the acknowledgement of another', rule: '', said: [['>', publish], ['<', hex('40 02 0103')]], flow: tcp },
  { what: 'a message elsewhere', rule: '', said: [['>', publish]], flow: tcp },
  { what: 'a message with a byte too many', rule: '', said: [['>', Buffer.concat([publish, hex('00')])]], flow: mqtt },
  { what: 'a ping alone', rule: '', said: [['>', hex('c0 00')]], flow: mqtt },
  { what: 'a request on its port', rule: 'coap-message', said: [['>', request]], flow: coap },
  { what: 'settings over TCP', rule: 'coap-stream', said: [['>', hex('00 e1')]], flow: { transport: TCP, destinationPort: 5683 } },
  { what: 'settings with options', rule: 'coap-stream', said: [['<', hex('50 e1 23 0f4240 20')]], flow: { transport: TCP, destinationPort: 5683 } },
  { what: 'settings cut off', rule: '', said: [['>', hex('50 e1 23')]], flow: { transport: TCP, destinationPort: 5683 } },
  { what: 'settings on another port', rule: '', said: [['>', hex('00 e1')]], flow: tcp },
  { what: 'a request and its answer', rule: 'coap-message', said: [['>', request], ['<', response]], flow: udp },
  { what: 'a request in the form of the drafts', rule: 'coap-message', said: [['>', Buffer.concat([hex('42 01 1234 9b'), ascii('.well-known'), hex('04'), ascii('core')])]], flow: coap },
  { what: 'a request elsewhere', rule: '', said: [['>', request]], flow: udp },
  { what: 'an answer with another token', rule: '', said: [['>', request], ['<', hex('62 45 1234 aabc c0 ff 31')]], flow: udp },
  { what: 'an answer with another message id', rule: '', said: [['>', request], ['<', hex('62 45 1235 aabb c0 ff 31')]], flow: udp },
  { what: 'a request with an unknown option', rule: '', said: [['>', Buffer.concat([hex('42 01 1234 aabb 27'), ascii('sensors'), hex('04'), ascii('temp')])]], flow: coap },
  { what: 'a request whose option runs over', rule: '', said: [['>', Buffer.concat([hex('42 01 1234 aabb be'), ascii('sensors')])]], flow: coap },
  { what: 'nothing but a header', rule: '', said: [['>', hex('40 01 1234')]], flow: coap },
  { what: 'a job', rule: 'ipp-request', said: [['>', post('/ipp/print', 'application/ipp')]], flow: tcp },
  { what: 'a job on its port', rule: 'ipp-request', said: [['>', post('/', 'application/ipp')]], flow: { transport: TCP, destinationPort: 631 } },
  { what: 'a form to a printer', rule: '', said: [['>', post('/ipp/print', 'text/plain')]], flow: tcp },
  { what: 'IPP’s type elsewhere', rule: '', said: [['>', post('/upload', 'application/ipp')]], flow: tcp },
]); // prettier-ignore

describeCaptures(iotRules, [
  ['ndpi/pcap/mqtt.pcap', 'mqtt-connect', 2],
  ['suricata-verify/mqtt31-pub-qos1/input.pcap', 'mqtt-connect', 1],
  ['suricata-verify/mqtt5-sub-userpass/input.pcap', 'mqtt-connect', 1],
  ['ndpi/pcap/coap_mqtt.pcap', 'mqtt-connect', 1],
  ['ndpi/pcap/coap_mqtt.pcap', 'mqtt-midway', 3],
  ['ndpi/pcap/coap_mqtt.pcap', 'coap-message', 13],
  ['wireshark-wiki/SampleCaptures/coap-cbor.pcap', 'coap-message', 1],
]);
