import type { Service } from '../plan/system.ts';

/** A stack trace as the language of the service prints it; the same exception of a service has the same frames. */
export function stackTrace({ name, language }: Service, type: string, message: string): string {
  const part = name.replaceAll('-', '_');
  switch (language) {
    case 'java':
      return [
        `${type}: ${message}`,
        `\tat com.acme.${part}.${pascal(name)}Service.handle(${pascal(name)}Service.java:142)`,
        `\tat com.acme.${part}.${pascal(name)}Controller.accept(${pascal(name)}Controller.java:61)`,
        '\tat java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)',
        '\tat java.base/java.lang.Thread.run(Thread.java:1583)',
      ].join('\n');
    case 'python':
      return [
        'Traceback (most recent call last):',
        `  File "/app/${part}/server.py", line 88, in handle`,
        '    result = await self.run(request)',
        `  File "/app/${part}/service.py", line 214, in run`,
        '    raise error',
        `${type}: ${message}`,
      ].join('\n');
    case 'nodejs':
      return [`${type}: ${message}`, `    at handle (/app/dist/${part}/handler.js:57:19)`, '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)', `    at async serve (/app/dist/${part}/server.js:31:5)`].join('\n');
    case 'ruby':
      return [`${type} (${message})`, `app/controllers/${part}_controller.rb:34:in 'show'`, "actionpack (8.0.2) lib/action_controller/metal.rb:252:in 'dispatch'"].join('\n');
    case 'go':
      return [`${type}: ${message}`, 'goroutine 118 [running]:', `acme.example/${name}/internal/server.(*Server).handle(0xc0001a4000)`, `\t/src/${name}/internal/server/server.go:173 +0x1d8`].join('\n');
  }
}

const pascal = (name: string): string => name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
