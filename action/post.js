// The post step's entry point: gives the environment back, whatever became of the job (shim.js).
'use strict';

require('./shim.js').start('post');
